import { curlCommand } from './curl-command';

const REQUEST = {
  url: 'https://vision.example/api/process-image',
  fileName: 'street.jpg',
  confidence: 0.25,
  classes: null,
  hasKey: false,
};

describe('curlCommand', () => {
  it('asks for what is shown', () => {
    expect(curlCommand({ ...REQUEST, classes: [1, 3] })).toBe(
      `curl -F 'file=@"street.jpg"' 'https://vision.example/api/process-image?conf=0.25&classes=1,3'`,
    );
  });

  it('names a variable where a key is wanted', () => {
    expect(curlCommand({ ...REQUEST, hasKey: true })).toContain(
      '-H "X-API-Key: $SIGHTGLASS_API_KEY"',
    );
  });

  it('survives file names that mean something to a shell or to curl', () => {
    const command = curlCommand({ ...REQUEST, fileName: `it's "5";$(x).jpg` });
    expect(command).toContain(`'file=@"it'\\''s \\"5\\";$(x).jpg"'`);
  });
});
