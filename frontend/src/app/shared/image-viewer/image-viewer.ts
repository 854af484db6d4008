import {
  ChangeDetectionStrategy,
  Component,
  computed,
  DestroyRef,
  effect,
  ElementRef,
  inject,
  input,
  model,
  output,
  Signal,
  untracked,
  viewChild,
} from '@angular/core';
import { mdiFitToScreenOutline, mdiMinus, mdiPlus } from '@mdi/js';
import { ImageSize } from '../../api/models/image-size';
import { DetectedObject } from '../detected-object';
import { Icon } from '../icon';
import { BoxEditor } from './box-editor';
import { Camera } from './camera';
import { clearedContext, drawPicture, NextFrame, PictureScene } from './canvas-layer';
import { drawObjects, Scene } from './draw-objects';
import { watchFrame } from './viewer-frame';
import { ViewerInteraction } from './viewer-interaction';
import { ZOOM_STEP } from './viewer-keys';

/**
 * A picture with its objects on a canvas: zoom, pan, hover and, when `editable`, drawing.
 *
 * All coordinates are pixels of the upright original. Which objects are shown is the parent's
 * choice: it gives only those.
 */
@Component({
  selector: 'sg-image-viewer',
  imports: [Icon],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './image-viewer.html',
  styleUrl: './image-viewer.scss',
})
export class ImageViewer {
  /** The decoded, upright picture; null: the boxes are drawn on an empty ground. */
  readonly picture = input<CanvasImageSource | null>(null);
  readonly size = input.required<ImageSize>();
  readonly objects = input.required<readonly DetectedObject[]>();
  /** What the picture shows, for those who do not see it. */
  readonly label = input('Image with the objects found');
  /** `id` of the object under the pointer, here or in a list beside. */
  readonly hovered = model<number | null>(null);
  readonly selected = model<number | null>(null);

  readonly editable = input(false);
  /** The class that a newly drawn box gets; without one, a drag on empty ground moves the view. */
  readonly newClass = input<{ id: number; name: string } | null>(null);
  /** The objects after a box was drawn, moved, resized or removed. */
  readonly edited = output<DetectedObject[]>();

  protected readonly icons = { closer: mdiPlus, farther: mdiMinus, fit: mdiFitToScreenOutline };
  protected readonly step = ZOOM_STEP;
  protected readonly camera = new Camera(this.size);

  private readonly editor = new BoxEditor(() => ({
    objects: this.objects(),
    size: this.size(),
    newClass: this.newClass(),
    selected: this.selected(),
    pixel: 1 / this.camera.viewport().scale,
  }));
  protected readonly hands = new ViewerInteraction({
    camera: this.camera,
    editor: this.editor,
    objects: this.objects,
    editable: this.editable,
    hovered: this.hovered,
    selected: this.selected,
    edited: (objects) => this.edited.emit(objects),
  });
  private readonly pictureScene = computed(() => ({
    picture: this.picture(),
    size: this.size(),
    frame: this.camera.frame(),
    viewport: this.camera.viewport(),
  }));
  private readonly objectScene = computed<Scene>(() => ({
    objects: this.editor.objects(),
    size: this.size(),
    frame: this.camera.frame(),
    viewport: this.camera.viewport(),
    unit: 1,
    hovered: this.hovered(),
    selected: this.selected(),
    editable: this.editable(),
  }));
  private readonly surface = viewChild.required<ElementRef<HTMLElement>>('surface');
  private readonly pictureCanvas = viewChild.required<ElementRef<HTMLCanvasElement>>('below');
  private readonly objectCanvas = viewChild.required<ElementRef<HTMLCanvasElement>>('above');

  constructor() {
    // Two layers, so that a moved slider does not scale a large photo again.
    this.redraw(this.pictureScene, (scene) => this.drawPicture(scene));
    this.redraw(this.objectScene, (scene) => this.drawObjects(scene));
    effect(() => this.reveal(this.selected()));
    effect((onCleanup) => {
      const { frame, ratio } = this.camera;
      onCleanup(watchFrame(this.surface().nativeElement, frame.set, ratio.set));
    });
  }

  private reveal(selected: number | null): void {
    untracked(() => {
      const object = this.objects().find(({ id }) => id === selected);
      // What is being dragged is where the pointer is.
      if (object && !this.editor.isPressed()) this.camera.reveal(object.box);
    });
  }

  private redraw<Scene>(scene: Signal<Scene>, draw: (scene: Scene) => void): void {
    const frame = new NextFrame();
    effect(() => {
      const now = scene();
      this.camera.ratio();
      frame.request(() => draw(now));
    });
    inject(DestroyRef).onDestroy(() => frame.cancel());
  }

  private drawPicture(scene: PictureScene): void {
    const canvas = this.pictureCanvas().nativeElement;
    const context = clearedContext(canvas, scene.frame, this.camera.ratio());
    if (context) drawPicture(context, scene, getComputedStyle(canvas).color);
  }

  private drawObjects(scene: Scene): void {
    const canvas = this.objectCanvas().nativeElement;
    const context = clearedContext(canvas, scene.frame, this.camera.ratio());
    if (context) drawObjects(context, scene);
  }
}
