import {
  afterNextRender,
  ChangeDetectionStrategy,
  Component,
  computed,
  effect,
  ElementRef,
  inject,
  Injector,
} from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { mdiTrayArrowUp } from '@mdi/js';
import { ClientSettings } from '../../core/client-settings';
import { detectedObjects } from '../../shared/detected-object';
import { formatBytes } from '../../shared/format';
import { Icon } from '../../shared/icon';
import { BatchProgress } from './batch-progress';
import { DetectStore, MOST_DIRECT } from './detect-store';
import { DropTarget } from './drop-target';
import { FileButtons } from './file-buttons';
import { formatNames } from './file-check';
import { PhotoResult } from './photo-result';
import { PhotoStrip, StripPhoto } from './photo-strip';
import { SamplePictures } from './sample-pictures';
import { filteredObjects } from './shown-objects';

/** Give images, see what the model finds in them. */
@Component({
  selector: 'sg-detect-page',
  imports: [
    BatchProgress,
    DropTarget,
    FileButtons,
    Icon,
    MatButtonModule,
    PhotoResult,
    PhotoStrip,
    SamplePictures,
  ],
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'page' },
  templateUrl: './detect-page.html',
  styleUrl: './detect-page.scss',
})
export class DetectPage {
  protected readonly store = inject(DetectStore);
  protected readonly dropIcon = mdiTrayArrowUp;
  protected readonly mostDirect = MOST_DIRECT;
  private readonly settings = inject(ClientSettings);
  private readonly injector = inject(Injector);
  private readonly element = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;

  protected readonly limits = computed(() => {
    const limits = this.settings.value()?.limits;
    if (!limits) return '';
    const pixels = `${Math.round(limits.max_pixels / 1e6)} megapixels`;
    return `${formatNames(limits.formats)}, up to ${formatBytes(limits.max_file_size)} and ${pixels}.`;
  });
  protected readonly queued = computed(() =>
    this.store.photos().filter(({ way, isRefused }) => way === 'queue' && !isRefused),
  );
  protected readonly entries = computed<StripPhoto[]>(() => {
    const filter = this.store.filter();
    return this.store.photos().map((photo) => {
      const { answer } = photo;
      if (!answer) return { photo, count: null, best: null };
      const best = answer.classifications?.[0]?.name;
      if (best !== undefined) return { photo, count: null, best };
      const { shown } = filteredObjects(detectedObjects(answer.detections), filter);
      return { photo, count: shown.length, best: null };
    });
  });

  constructor() {
    let wasEmpty: boolean | null = null;
    effect(() => {
      const isEmpty = this.store.selected() === null;
      if (wasEmpty !== null && wasEmpty !== isEmpty) this.keepFocus();
      wasEmpty = isEmpty;
    });
  }

  protected addPicked(input: HTMLInputElement): void {
    const picked = [...(input.files ?? [])];
    // The same file again is a change too.
    input.value = '';
    this.store.add(picked);
  }

  /** What was pressed goes with the first image and with the last: those at the keyboard go on. */
  private keepFocus(): void {
    const next = () => {
      if (document.activeElement !== document.body) return;
      const find = (place: string) => this.element.querySelector<HTMLElement>(place);
      const button = find('button.photo[tabindex="0"]') ?? find('sg-file-buttons button');
      button?.focus({ preventScroll: true });
    };
    afterNextRender({ read: next }, { injector: this.injector });
  }
}
