import { ClientLimits } from '../../api/models/client-limits';
import { Failure } from '../../core/failure';
import { formatBytes } from '../../shared/format';

const ENDINGS: Readonly<Record<string, readonly string[]>> = {
  jpeg: ['jpg', 'jpeg', 'jpe', 'jfif'],
  png: ['png'],
  webp: ['webp'],
  bmp: ['bmp', 'dib'],
  tiff: ['tif', 'tiff'],
};

const VIDEO_ENDINGS = ['mp4', 'm4v', 'mov', 'avi', 'mkv', 'webm'];

/**
 * Why a file need not be sent, or null where the server is to decide.
 *
 * Only what is certain is refused here: the server looks at the bytes, not at the name.
 */
export function fileProblem(file: File, limits: ClientLimits | undefined): Failure | null {
  const ending = file.name.split('.').pop()?.toLowerCase() ?? '';
  if (file.type.startsWith('video/') || VIDEO_ENDINGS.includes(ending)) {
    return refusal(
      'video',
      'Videos cannot be analysed yet',
      'Take single images out of the video and add those.',
    );
  }
  if (!limits) return null;
  if (file.size > limits.max_file_size) {
    const [size, most] = [formatBytes(file.size), formatBytes(limits.max_file_size)];
    return refusal(
      'too_many_bytes',
      'The file is too large',
      `It has ${size}; this server takes up to ${most}.`,
    );
  }
  if (isOtherFormat(file, ending, limits.formats)) {
    return refusal(
      'unsupported_type',
      'Not an image that this server takes',
      `It takes ${formatNames(limits.formats)}.`,
    );
  }
  return null;
}

/** `JPEG, PNG and WebP`. */
export function formatNames(formats: readonly string[]): string {
  const names = formats.map((format) => (format === 'webp' ? 'WebP' : format.toUpperCase()));
  return new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(names);
}

/** A file whose type and name both speak of something else; no type and no ending says nothing. */
function isOtherFormat(file: File, ending: string, formats: readonly string[]): boolean {
  const subtype = file.type.replace(/^image\/(x-)?(ms-)?/, '');
  if (formats.includes(subtype)) return false;
  const endings = formats.flatMap((format) => ENDINGS[format] ?? [format]);
  if (endings.includes(ending)) return false;
  return file.type !== '' || file.name.includes('.');
}

function refusal(code: string, title: string, detail: string): Failure {
  return { code, title, detail, status: 0, requestId: null, retryAfterSeconds: null };
}
