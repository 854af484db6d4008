import { Injectable } from '@angular/core';
import { BEHIND } from '../../shared/image-viewer/canvas-layer';

// A photo of 12 megapixels takes 48 MB when decoded.
const MOST_KEPT = 3;
const THUMBNAIL_HEIGHT = 96;

/** Decodes pictures upright, as the server does, and keeps the few that were seen last. */
@Injectable({ providedIn: 'root' })
export class PictureDecoder {
  private readonly kept = new Map<File, Promise<ImageBitmap | null>>();
  private thumbnails: Promise<unknown> = Promise.resolve();

  /** Null where this browser cannot decode the file. */
  decode(file: File): Promise<ImageBitmap | null> {
    const picture = this.kept.get(file) ?? decoded(file);
    // What was asked for last is the last to go.
    this.kept.delete(file);
    this.kept.set(file, picture);
    const [oldest] = this.kept.keys();
    if (this.kept.size > MOST_KEPT) this.release(oldest);
    return picture;
  }

  release(file: File): void {
    void this.kept.get(file)?.then((picture) => picture?.close());
    this.kept.delete(file);
  }

  /** A small picture as a data URL; one at a time, since each needs the large one for a moment. */
  thumbnail(file: File): Promise<string | null> {
    const made = this.thumbnails.then(() => smallPicture(file));
    this.thumbnails = made;
    return made;
  }
}

async function decoded(file: File): Promise<ImageBitmap | null> {
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    return null;
  }
}

async function smallPicture(file: File): Promise<string | null> {
  try {
    const small = await createImageBitmap(file, {
      imageOrientation: 'from-image',
      resizeHeight: THUMBNAIL_HEIGHT,
      resizeQuality: 'medium',
    });
    const canvas = document.createElement('canvas');
    canvas.width = small.width;
    canvas.height = small.height;
    const context = canvas.getContext('2d');
    if (!context) return null;
    context.fillStyle = BEHIND;
    context.fillRect(0, 0, small.width, small.height);
    context.drawImage(small, 0, 0);
    small.close();
    return canvas.toDataURL('image/jpeg', 0.8);
  } catch {
    return null;
  }
}
