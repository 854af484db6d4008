import { HttpClient } from '@angular/common/http';
import { Directive, effect, ElementRef, inject, input, output } from '@angular/core';
import { ApiKey } from '../core/api-key';
import { apiRoot } from '../core/api-root';

/** `<img sgApiImage="/predictions/…/image">`: a picture of the API, with the key when there is one. */
@Directive({ selector: 'img[sgApiImage]', host: { '(error)': 'missing.emit()' } })
export class ApiImage {
  readonly sgApiImage = input.required<string>();
  /** The picture is not there, or not any more. */
  readonly missing = output<void>();

  private readonly http = inject(HttpClient);
  private readonly key = inject(ApiKey);
  private readonly element = inject<ElementRef<HTMLImageElement>>(ElementRef).nativeElement;

  constructor() {
    effect((onCleanup) => {
      const url = apiRoot() + this.sgApiImage();
      if (this.key.value()) onCleanup(this.fetch(url));
      else this.element.src = url;
    });
  }

  /** An `<img>` sends no headers of ours, so with a key the bytes are fetched first. */
  private fetch(url: string): () => void {
    let shown = '';
    const request = this.http.get(url, { responseType: 'blob' }).subscribe({
      next: (blob) => (this.element.src = shown = URL.createObjectURL(blob)),
      error: () => this.missing.emit(),
    });
    return () => {
      request.unsubscribe();
      URL.revokeObjectURL(shown);
    };
  }
}
