import { pictureFor } from './picture-fit';

const bitmapOf = (width: number, height: number) => ({ width, height }) as ImageBitmap;

describe('pictureFor', () => {
  it('shows the picture where browser and server agree', () => {
    const bitmap = bitmapOf(30, 20);
    const shown = pictureFor(bitmap, { width: 30, height: 20 }, false);
    expect(shown).toMatchObject({ picture: bitmap, note: '' });
  });

  it('shows no picture that boxes would not fit, and says why', () => {
    const shown = pictureFor(bitmapOf(20, 30), { width: 30, height: 20 }, false);
    expect(shown).toMatchObject({ picture: null, size: { width: 30, height: 20 } });
    expect(shown.note).toContain('20 × 30');
  });

  it('says that a picture cannot be shown only after trying', () => {
    const size = { width: 30, height: 20 };
    expect(pictureFor(null, size, true).note).toBe('');
    expect(pictureFor(null, size, false).note).toContain('cannot show');
  });
});
