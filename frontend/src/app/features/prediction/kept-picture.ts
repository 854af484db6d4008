import { computed, effect, inject, Injectable, resource } from '@angular/core';
import { Api } from '../../api/api';
import { showPredictionImage } from '../../api/fn/records/show-prediction-image';
import { failureOf } from '../../core/failure';
import { PredictionStore } from './prediction-store';

// The longest side that the server makes of what this browser cannot decode, such as TIFF.
const CONVERTED_PIXELS = 2048;

/** The picture of the prediction, decoded and upright, where it is kept. */
@Injectable()
export class KeptPicture {
  private readonly api = inject(Api);
  private readonly predictions = inject(PredictionStore);
  private readonly wanted = computed(() => {
    const record = this.predictions.record();
    return record?.has_image ? record.id : undefined;
  });
  private readonly loaded = resource({
    params: () => this.wanted(),
    loader: ({ params }) => this.decode(params),
  });

  readonly bitmap = computed(() => (this.loaded.hasValue() ? this.loaded.value() : null));
  readonly loading = this.loaded.isLoading;
  /** Null while the picture is shown or on its way; else why there is none. */
  readonly absence = computed(() => this.explain());
  /** Asking again could help: the picture may be there. */
  readonly failed = computed(() => {
    const failure = this.failure();
    return failure !== null && failure.status !== 404;
  });
  private readonly failure = computed(() => {
    const error = this.loaded.error();
    return error ? failureOf(error.cause ?? error) : null;
  });

  constructor() {
    effect((onCleanup) => {
      const bitmap = this.bitmap();
      onCleanup(() => bitmap?.close());
    });
  }

  reload(): void {
    this.loaded.reload();
  }

  private async decode(id: string): Promise<ImageBitmap> {
    try {
      return await decoded(await this.api.invoke(showPredictionImage, { prediction_id: id }));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      const parameters = { prediction_id: id, size: CONVERTED_PIXELS };
      return decoded(await this.api.invoke(showPredictionImage, parameters));
    }
  }

  private explain(): string | null {
    const record = this.predictions.record();
    if (!record) return null;
    if (!this.wanted()) {
      const boxes = record.detections.length > 0 ? ': its boxes are shown on an empty ground' : '';
      return `The image is not kept${boxes}.`;
    }
    const failure = this.failure();
    if (!failure) return null;
    if (failure.status === 404) return 'The image is not kept any more.';
    return `The image could not be shown. ${failure.title}: ${failure.detail}`;
  }
}

function decoded(blob: Blob): Promise<ImageBitmap> {
  return createImageBitmap(blob, { imageOrientation: 'from-image' });
}
