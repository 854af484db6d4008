import { stageTimes } from './stage-times';

describe('stageTimes', () => {
  it('puts the stages in the order of the path and names what is left', () => {
    const stages = stageTimes({ inference: 60, decode: 20, extra: 10 }, 100);
    expect(stages.map(({ name }) => name)).toEqual(['decode', 'inference', 'extra', 'other']);
    expect(stages.map(({ share }) => share)).toEqual([0.2, 0.6, 0.1, 0.1]);
  });

  it('has nothing left over where only rounding differs', () => {
    expect(stageTimes({ decode: 1.02, inference: 3 }, 4)).toHaveLength(2);
  });
});
