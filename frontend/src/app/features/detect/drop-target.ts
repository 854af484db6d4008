import { Directive, output, signal } from '@angular/core';

/** Files dropped anywhere on the window or pasted into it. */
@Directive({
  selector: '[sgDropTarget]',
  exportAs: 'sgDropTarget',
  host: {
    '(window:dragenter)': 'enter($event)',
    '(window:dragover)': 'hover($event)',
    '(window:dragleave)': 'leave($event)',
    '(window:drop)': 'drop($event)',
    '(window:paste)': 'paste($event)',
  },
})
export class DropTarget {
  readonly received = output<File[]>();
  private readonly dragging = signal(false);
  readonly isOver = this.dragging.asReadonly();

  protected enter(event: DragEvent): void {
    if (hasFiles(event)) this.dragging.set(true);
  }

  /** Without this the browser would leave the page and open the file. */
  protected hover(event: DragEvent): void {
    if (hasFiles(event)) event.preventDefault();
  }

  /** Elements below fire too; only at the edge of the window there is none to go to. */
  protected leave(event: DragEvent): void {
    if (event.relatedTarget === null) this.dragging.set(false);
  }

  protected drop(event: DragEvent): void {
    if (!hasFiles(event)) return;
    event.preventDefault();
    this.dragging.set(false);
    this.give(event.dataTransfer);
  }

  protected paste(event: ClipboardEvent): void {
    this.give(event.clipboardData);
  }

  private give(data: DataTransfer | null): void {
    const files = [...(data?.files ?? [])];
    if (files.length > 0) this.received.emit(files);
  }
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false;
}
