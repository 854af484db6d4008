import { ImageSize } from '../../api/models/image-size';

/** What the viewer gets, and what is to be said about it. */
export interface ShownPicture {
  readonly picture: ImageBitmap | null;
  readonly size: ImageSize;
  /** Why the picture is missing; empty when it is not. */
  readonly note: string;
}

const UNKNOWN_SIZE: ImageSize = { width: 4, height: 3 };

/**
 * The decoded picture, if the boxes of the answer belong on it: the server's size counts.
 *
 * `bitmap` is null while it is decoded, and for good where the browser cannot.
 */
export function pictureFor(
  bitmap: ImageBitmap | null,
  answered: ImageSize | null,
  isDecoding: boolean,
): ShownPicture {
  const size = answered ?? bitmap ?? UNKNOWN_SIZE;
  const { width, height } = size;
  if (!bitmap) {
    const note = 'This browser cannot show the image; the boxes are on an empty ground.';
    return { picture: null, size: { width, height }, note: isDecoding ? '' : note };
  }
  if (bitmap.width !== width || bitmap.height !== height) {
    const note = `This browser reads the image as ${bitmap.width} × ${bitmap.height}, the server as ${width} × ${height}; the boxes are on an empty ground.`;
    return { picture: null, size: { width, height }, note };
  }
  return { picture: bitmap, size: { width, height }, note: '' };
}
