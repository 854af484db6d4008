import {
  ChangeDetectionStrategy,
  Component,
  computed,
  inject,
  input,
  linkedSignal,
  resource,
} from '@angular/core';
import { MatProgressBarModule } from '@angular/material/progress-bar';
import { ApiKey } from '../../core/api-key';
import { apiUrl } from '../../core/api-root';
import { ClassList } from '../../shared/class-list';
import { detectedObjects } from '../../shared/detected-object';
import { formatBytes, formatPercent } from '../../shared/format';
import { ImageViewer } from '../../shared/image-viewer/image-viewer';
import { AnswerFacts } from './answer-facts';
import { annotatedPicture } from './annotated-picture';
import { curlCommand } from './curl-command';
import { DetectStore } from './detect-store';
import { download, downloadJson, siblingName } from '../../shared/download';
import { ObjectFilterPanel } from './object-filter';
import { ObjectTable } from './object-table';
import { isOpen, Photo, stateName } from './photo';
import { PhotoFailure } from './photo-failure';
import { PictureDecoder } from './picture-decoder';
import { pictureFor } from './picture-fit';
import { classCounts, filteredObjects } from './shown-objects';

/** One image: the picture with its objects, and beside it what is known of them. */
@Component({
  selector: 'sg-photo-result',
  imports: [
    AnswerFacts,
    ClassList,
    ImageViewer,
    MatProgressBarModule,
    ObjectFilterPanel,
    ObjectTable,
    PhotoFailure,
  ],
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { '[class.alone]': 'isEmptyHanded()' },
  templateUrl: './photo-result.html',
  styleUrl: './photo-result.scss',
})
export class PhotoResult {
  readonly photo = input.required<Photo>();

  protected readonly store = inject(DetectStore);
  protected readonly stateName = stateName;
  protected readonly percent = formatPercent;
  protected readonly bytes = formatBytes;
  private readonly decoder = inject(PictureDecoder);
  private readonly key = inject(ApiKey);

  private readonly decoded = resource({
    params: () => this.photo().file,
    loader: ({ params }) => this.decoder.decode(params),
  });
  protected readonly isOpen = computed(() => isOpen(this.photo()));
  protected readonly isEmptyHanded = computed(
    () => this.photo().state === 'failed' || this.photo().state === 'cancelled',
  );
  protected readonly answer = computed(() => this.photo().answer);
  protected readonly guesses = computed(() => this.answer()?.classifications ?? null);
  protected readonly shownPicture = computed(() => {
    const bitmap = this.decoded.hasValue() ? this.decoded.value() : null;
    const isDecoding = this.decoded.isLoading();
    return pictureFor(bitmap, this.answer()?.image_size ?? null, isDecoding);
  });

  private readonly all = computed(() => detectedObjects(this.answer()?.detections ?? []));
  protected readonly objects = computed(() => filteredObjects(this.all(), this.store.filter()));
  protected readonly classes = computed(() =>
    classCounts(this.all(), this.store.filter().confidence),
  );
  // Ids are places in one answer: another answer's mean something else.
  protected readonly hovered = linkedSignal<unknown, number | null>({
    source: this.answer,
    computation: () => null,
  });
  protected readonly selected = linkedSignal<unknown, number | null>({
    source: this.answer,
    computation: () => null,
  });
  protected readonly problem = linkedSignal<unknown, string>({
    source: this.answer,
    computation: () => '',
  });
  protected readonly label = computed(() => {
    const { name } = this.photo().file;
    const best = this.guesses()?.[0];
    if (best) return `${name}: ${best.name} ${formatPercent(best.confidence)}`;
    const { shown } = this.objects();
    return `${name} with ${shown.length} ${shown.length === 1 ? 'object' : 'objects'}`;
  });
  protected readonly curl = computed(() => {
    const { confidence, hiddenClasses } = this.store.filter();
    const kept = this.classes().filter(({ classId }) => !hiddenClasses.has(classId));
    const isFiltered = kept.length < this.classes().length && kept.length > 0;
    return curlCommand({
      url: apiUrl('/process-image'),
      fileName: this.photo().file.name,
      confidence: Math.round(confidence * 100) / 100,
      classes: isFiltered ? kept.map(({ classId }) => classId) : null,
      hasKey: this.key.isSet(),
    });
  });

  protected async downloadPicture(): Promise<void> {
    const { picture, size } = this.shownPicture();
    this.problem.set('');
    try {
      const guesses = this.guesses() ?? [];
      const png = await annotatedPicture(picture, size, this.objects().shown, guesses);
      const addition = this.guesses() ? '-classes.png' : '-objects.png';
      download(png, siblingName(this.photo().file.name, addition));
    } catch {
      // Browsers have limits of their own to the size of a drawing.
      this.problem.set('This browser cannot draw an image of that size.');
    }
  }

  protected downloadAnswer(): void {
    downloadJson(this.answer(), siblingName(this.photo().file.name, '-full-answer.json'));
  }
}
