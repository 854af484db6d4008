import { fileProblem, formatNames } from './file-check';

const LIMITS = {
  formats: ['jpeg', 'png', 'webp'],
  max_file_size: 1000,
  max_pixels: 1e6,
  max_detections: 300,
};

const fileOf = (name: string, type: string, size = 10) =>
  new File([new Uint8Array(size)], name, { type });

describe('fileProblem', () => {
  it('takes the formats of the server', () => {
    expect(fileProblem(fileOf('a.JPG', 'image/jpeg'), LIMITS)).toBeNull();
    expect(fileProblem(fileOf('a.jpg', ''), LIMITS)).toBeNull();
    expect(fileProblem(fileOf('pasted', 'image/png'), LIMITS)).toBeNull();
  });

  it('leaves to the server what speaks of nothing', () => {
    expect(fileProblem(fileOf('scan', ''), LIMITS)).toBeNull();
    expect(fileProblem(fileOf('a.txt', 'text/plain'), undefined)).toBeNull();
  });

  it('refuses other formats and names those that are taken', () => {
    const problem = fileProblem(fileOf('a.gif', 'image/gif'), LIMITS);
    expect(problem).toMatchObject({ code: 'unsupported_type' });
    expect(problem?.detail).toContain('JPEG, PNG and WebP');
  });

  it('refuses a file that is too large, with both sizes', () => {
    const problem = fileProblem(fileOf('a.png', 'image/png', 2500), LIMITS);
    expect(problem?.detail).toBe('It has 2.5 kB; this server takes up to 1.0 kB.');
  });

  it('says plainly that videos come later, also before the limits are known', () => {
    const title = 'Videos cannot be analysed yet';
    expect(fileProblem(fileOf('a.mp4', 'video/mp4'), undefined)?.title).toBe(title);
    expect(fileProblem(fileOf('a.MKV', ''), LIMITS)?.title).toBe(title);
  });
});

describe('formatNames', () => {
  it('reads as a sentence', () => {
    expect(formatNames(['jpeg'])).toBe('JPEG');
  });
});
