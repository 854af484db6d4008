import { formatVersion } from './format';

describe('formatVersion', () => {
  it('marks a number, and leaves a hash as it is', () => {
    expect(formatVersion('3')).toBe('v3');
    expect(formatVersion('1.2')).toBe('v1.2');
    expect(formatVersion('1520037c2de9')).toBe('1520037c2de9');
    expect(formatVersion('152003712399')).toBe('152003712399');
  });
});
