import { computed, effect, inject, Injectable, signal, untracked } from '@angular/core';
import { ClientSettings } from '../../core/client-settings';
import { ServedModel } from '../../core/served-model';
import { ServerStatus } from '../../core/server-status';
import { AnalysisQueue } from './analysis-queue';
import { fileProblem } from './file-check';
import { isOpen, Photo, PhotoChange } from './photo';
import { PictureDecoder } from './picture-decoder';
import { ObjectFilter } from './shown-objects';

/** With more images than this at once, workers analyse them one after the other. */
export const MOST_DIRECT = 8;
const USUAL_CONFIDENCE = 0.25;
/** Below this nothing is worth seeing. */
const LOWEST_CONFIDENCE = 0.05;

/** The images of this visit and which of their objects are shown; kept while pages change. */
@Injectable({ providedIn: 'root' })
export class DetectStore {
  private readonly model = inject(ServedModel);
  private readonly queue = inject(AnalysisQueue);
  private readonly pictures = inject(PictureDecoder);
  private readonly settings = inject(ClientSettings);
  private readonly server = inject(ServerStatus);

  private readonly list = signal<readonly Photo[]>([]);
  private readonly selectedId = signal<number | null>(null);
  private readonly chosenConfidence = signal<number | null>(null);
  private readonly hiddenClasses = signal<ReadonlySet<number>>(new Set());
  private nextId = 1;

  readonly photos = this.list.asReadonly();
  readonly selected = computed(
    () => this.list().find(({ id }) => id === this.selectedId()) ?? this.list()[0] ?? null,
  );
  /** What the model answers by itself. */
  readonly modelConfidence = computed(() => {
    return this.model.value()?.thresholds['confidence'] ?? USUAL_CONFIDENCE;
  });
  readonly filter = computed<ObjectFilter>(() => ({
    confidence: this.chosenConfidence() ?? this.modelConfidence(),
    hiddenClasses: this.hiddenClasses(),
  }));
  readonly hasOpen = computed(() => this.list().some(isOpen));

  constructor() {
    effect(() => {
      if (this.server.returned() > 0) untracked(() => this.retryWhere(isUnanswered));
    });
  }

  /** Checks and sends files; the first that is sent becomes the one that is seen. */
  add(files: readonly File[]): void {
    const limits = this.settings.value()?.limits;
    const problems = files.map((file) => fileProblem(file, limits));
    const good = problems.filter((problem) => problem === null).length;
    const way = good > MOST_DIRECT ? 'queue' : 'direct';
    const added = files.map((file, index) => this.newPhoto(file, way, problems[index]));
    if (added.length === 0) return;
    this.list.update((photos) => [...photos, ...added]);
    const [first] = [...added.filter(({ isRefused }) => !isRefused), ...added];
    this.selectedId.set(first.id);
    for (const photo of added) {
      if (!photo.isRefused) this.start(photo);
    }
  }

  select(id: number): void {
    this.selectedId.set(id);
  }

  /** Select the neighbour, and answer it. */
  step(by: 1 | -1): Photo | null {
    const photos = this.list();
    const index = photos.findIndex(({ id }) => id === this.selected()?.id) + by;
    const next = photos[index] ?? null;
    if (next) this.select(next.id);
    return next;
  }

  remove(id: number): void {
    const photos = this.list();
    const index = photos.findIndex((photo) => photo.id === id);
    if (index < 0) return;
    if (this.selected()?.id === id) {
      this.selectedId.set((photos[index + 1] ?? photos[index - 1])?.id ?? null);
    }
    this.queue.drop(id);
    this.list.set(photos.filter((photo) => photo.id !== id));
    this.pictures.release(photos[index].file);
  }

  clear(): void {
    for (const { id } of this.list()) this.remove(id);
  }

  cancelOpen(): void {
    for (const photo of this.list()) if (isOpen(photo)) this.queue.cancel(photo.id);
  }

  retry(id: number): void {
    this.retryWhere((photo) => photo.id === id);
  }

  /**
   * Asks again, for objects that the model is less sure of. Not done for every image, as the
   * history would then be full of them.
   */
  lookDeeper(id: number): void {
    this.change(id, { askedConfidence: LOWEST_CONFIDENCE });
    this.retry(id);
    this.chosenConfidence.set(LOWEST_CONFIDENCE);
  }

  setConfidence(confidence: number | null): void {
    this.chosenConfidence.set(confidence);
  }

  toggleClass(classId: number): void {
    const hidden = new Set(this.hiddenClasses());
    if (!hidden.delete(classId)) hidden.add(classId);
    this.hiddenClasses.set(hidden);
  }

  showAllClasses(): void {
    this.hiddenClasses.set(new Set());
  }

  private newPhoto(file: File, way: Photo['way'], problem: Photo['failure']): Photo {
    return {
      id: this.nextId++,
      file,
      way,
      askedConfidence: null,
      state: problem ? 'failed' : 'waiting',
      note: '',
      answer: null,
      failure: problem,
      isRefused: problem !== null,
      thumbnail: null,
    };
  }

  private start(photo: Photo): void {
    this.queue.start(photo, (change) => this.change(photo.id, change));
    if (photo.thumbnail !== null) return;
    void this.pictures
      .thumbnail(photo.file)
      .then((thumbnail) => this.change(photo.id, { thumbnail }));
  }

  private retryWhere(matches: (photo: Photo) => boolean): void {
    for (const photo of this.list().filter(matches)) {
      if (isOpen(photo) || photo.isRefused) continue;
      this.change(photo.id, { state: 'waiting', note: '', failure: null, answer: null });
      this.start(photo);
    }
  }

  private change(id: number, change: PhotoChange): void {
    this.list.update((photos) =>
      photos.map((photo) => (photo.id === id ? { ...photo, ...change } : photo)),
    );
  }
}

/** No answer, or one that wanted a key, which may have been given since. */
function isUnanswered({ failure }: Photo): boolean {
  return failure !== null && (failure.code === 'offline' || [401, 502].includes(failure.status));
}
