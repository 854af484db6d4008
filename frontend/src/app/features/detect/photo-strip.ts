import {
  ChangeDetectionStrategy,
  Component,
  ElementRef,
  inject,
  input,
  output,
} from '@angular/core';
import {
  mdiAlertCircle,
  mdiCancel,
  mdiClose,
  mdiImageOffOutline,
  mdiImageOutline,
  mdiProgressClock,
} from '@mdi/js';
import { Icon } from '../../shared/icon';
import { isOpen, Photo, stateName } from './photo';

/** One entry of the strip. */
export interface StripPhoto {
  readonly photo: Photo;
  /** Objects that are shown; null without an answer, or where whole images are named. */
  readonly count: number | null;
  /** The likeliest class of the whole image. */
  readonly best: string | null;
}

/** The images of this visit, to go through with a click or the arrow keys. */
@Component({
  selector: 'sg-photo-strip',
  imports: [Icon],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './photo-strip.html',
  styleUrl: './photo-strip.scss',
})
export class PhotoStrip {
  readonly entries = input.required<readonly StripPhoto[]>();
  readonly selectedId = input<number | null>(null);
  readonly selected = output<number>();
  readonly removed = output<number>();

  protected readonly icons = {
    failed: mdiAlertCircle,
    cancelled: mdiCancel,
    open: mdiProgressClock,
    remove: mdiClose,
    picture: mdiImageOutline,
    noPicture: mdiImageOffOutline,
  };
  protected readonly isOpen = isOpen;
  protected readonly stateName = stateName;
  private readonly element = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;

  protected pressKey(event: KeyboardEvent, photo: Photo): void {
    if (event.key === 'ArrowRight' || event.key === 'ArrowDown') this.step(event, 1);
    else if (event.key === 'ArrowLeft' || event.key === 'ArrowUp') this.step(event, -1);
    else if (event.key === 'Delete') this.remove(photo.id);
  }

  protected remove(id: number): void {
    const index = this.entries().findIndex(({ photo }) => photo.id === id);
    this.removed.emit(id);
    // The focus would be lost with its button.
    setTimeout(() => this.focus(Math.min(index, this.entries().length - 1)));
  }

  private step(event: KeyboardEvent, by: number): void {
    event.preventDefault();
    const entries = this.entries();
    const index = entries.findIndex(({ photo }) => photo.id === this.selectedId()) + by;
    if (!entries[index]) return;
    this.selected.emit(entries[index].photo.id);
    this.focus(index);
  }

  private focus(index: number): void {
    const buttons = this.element.querySelectorAll<HTMLElement>('button.photo');
    buttons[index]?.focus();
    buttons[index]?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }
}
