import { waterfall } from './waterfall';

describe('waterfall', () => {
  it('puts the stages one after the other, in the order of the path', () => {
    const stages = waterfall({ inference: 6, receive: 1, decode: 3 }, 0.01);
    expect(stages.map(({ name, startMilliseconds }) => [name, startMilliseconds])).toEqual([
      ['receive', 0],
      ['decode', 1],
      ['inference', 4],
    ]);
  });

  it('calls what no stage accounts for other', () => {
    const stages = waterfall({ inference: 6 }, 0.01);
    expect(stages.at(-1)).toEqual({
      name: 'other',
      startMilliseconds: 6,
      milliseconds: 4,
      startShare: 0.6,
      share: 0.4,
    });
  });

  it('takes a difference of rounding for nothing', () => {
    expect(waterfall({ decode: 9.995 }, 0.01).map(({ name }) => name)).toEqual(['decode']);
  });

  it('keeps stages that it does not know, after those it knows', () => {
    const names = waterfall({ polish: 1, postprocess: 1 }, 0.002).map(({ name }) => name);
    expect(names).toEqual(['postprocess', 'polish']);
  });

  it('fills the whole when the stages take longer than the whole', () => {
    const stages = waterfall({ queue: 30, inference: 10 }, 0.02);
    expect(stages.map(({ share }) => share)).toEqual([0.75, 0.25]);
  });

  it('shows a prediction without timings as other, and one without time as nothing', () => {
    expect(waterfall({}, 0.005)).toMatchObject([{ name: 'other', share: 1 }]);
    expect(waterfall({}, 0)).toEqual([]);
  });
});
