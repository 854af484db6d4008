import { ClassificationAnswer } from '../../api/models/classification-answer';
import { ImageSize } from '../../api/models/image-size';
import { classColor, textOnClassColor } from '../class-colors';
import { DetectedObject } from '../detected-object';
import { formatPercent } from '../format';
import { HANDLES, handlePoint } from './box-editing';
import { boxArea } from './hit-test';
import { intersection, labelPlace, Rectangle } from './label-placement';
import { toScreen, Viewport } from './viewport';

/** What is to be drawn, and how; lengths on the drawing in its own pixels. */
export interface Scene {
  readonly objects: readonly DetectedObject[];
  /** Size of the picture, which boxes refer to. */
  readonly size: ImageSize;
  /** Size of the drawing. */
  readonly frame: ImageSize;
  readonly viewport: Viewport;
  /** Lines and letters are so many times their usual size. */
  readonly unit: number;
  readonly hovered: number | null;
  readonly selected: number | null;
  /** The selected box gets handles. */
  readonly editable: boolean;
}

// With more objects than this, only large, hovered and selected ones have a label.
const MANY = 60;
const SMALLEST_LABELLED = 18;
const SMALLEST_LABELLED_OF_MANY = 96;

const LINE = 2;
const STRONG_LINE = 3;
const DIMMED = 0.4;
const MASK_WEIGHT = 0.4;
const SHADE = 'rgba(0, 0, 0, 0.45)';
const LABEL_HEIGHT = 18;
const LABEL_PADDING = 5;
const HANDLE_SIZE = 9;
// As many as on the server's annotated images.
const MOST_GUESSES = 5;

/** Draws masks, boxes and labels; large ones first, so that small ones stay in sight. */
export function drawObjects(context: CanvasRenderingContext2D, scene: Scene): void {
  const drawn = visibleObjects(scene).sort(
    (one, other) => strength(one, scene) - strength(other, scene) || byArea(one, other),
  );
  for (const entry of drawn) drawMask(context, entry, scene);
  for (const entry of drawn) drawBox(context, entry, scene);
  drawLabels(context, drawn, scene);
  context.globalAlpha = 1;
  const selected = drawn.find(({ object }) => object.id === scene.selected);
  if (scene.editable && selected) drawHandles(context, selected, scene);
}

/** The likeliest classes of the whole image, one below the other in its corner. */
export function drawGuesses(
  context: CanvasRenderingContext2D,
  guesses: readonly ClassificationAnswer[],
  unit: number,
): void {
  setFont(context, unit);
  guesses.slice(0, MOST_GUESSES).forEach((guess, row) => {
    const text = `${guess.name} ${formatPercent(guess.confidence)}`;
    const width = textWidth(context, text) + 2 * LABEL_PADDING * unit;
    const height = LABEL_HEIGHT * unit;
    drawText(context, text, guess.class, { x: 0, y: row * height, width, height }, unit);
  });
}

export function labelOf(object: DetectedObject): string {
  const { name, confidence } = object;
  return confidence === null ? name : `${name} ${formatPercent(confidence)}`;
}

/** Whether an object has its label, given the longer side of its box on the drawing. */
export function hasLabel(object: DetectedObject, longerSide: number, scene: Scene): boolean {
  if (object.id === scene.hovered || object.id === scene.selected) return true;
  const smallest = scene.objects.length > MANY ? SMALLEST_LABELLED_OF_MANY : SMALLEST_LABELLED;
  return longerSide >= smallest * scene.unit;
}

interface Entry {
  readonly object: DetectedObject;
  readonly place: Rectangle;
}

function visibleObjects(scene: Scene): Entry[] {
  const { width, height } = scene.frame;
  return scene.objects
    .map((object) => ({ object, place: onDrawing(object, scene.viewport) }))
    .filter(
      ({ place }) =>
        place.x <= width &&
        place.y <= height &&
        place.x + place.width >= 0 &&
        place.y + place.height >= 0,
    );
}

function onDrawing({ box }: DetectedObject, viewport: Viewport): Rectangle {
  const { x, y } = toScreen(viewport, { x: box.x1, y: box.y1 });
  const width = (box.x2 - box.x1) * viewport.scale;
  return { x, y, width, height: (box.y2 - box.y1) * viewport.scale };
}

function strength({ object }: Entry, scene: Scene): number {
  if (object.id === scene.hovered) return 2;
  return object.id === scene.selected ? 1 : 0;
}

function byArea(one: Entry, other: Entry): number {
  return boxArea(other.object.box) - boxArea(one.object.box);
}

/** The hovered and the selected one stand out by the others being fainter. */
function opacity(entry: Entry, scene: Scene): number {
  if (scene.hovered === null && scene.selected === null) return 1;
  return strength(entry, scene) > 0 ? 1 : DIMMED;
}

function drawMask(context: CanvasRenderingContext2D, entry: Entry, scene: Scene): void {
  const { object } = entry;
  if (object.polygons.length === 0) return;
  context.globalAlpha = MASK_WEIGHT * opacity(entry, scene);
  context.fillStyle = classColor(object.classId);
  context.beginPath();
  for (const polygon of object.polygons) addRing(context, polygon, scene.viewport);
  context.fill('evenodd');
}

function addRing(
  context: CanvasRenderingContext2D,
  ring: readonly (readonly number[])[],
  { scale, x, y }: Viewport,
): void {
  ring.forEach((point, index) => {
    const left = point[0] * scale + x;
    const top = point[1] * scale + y;
    if (index === 0) context.moveTo(left, top);
    else context.lineTo(left, top);
  });
  context.closePath();
}

function drawBox(context: CanvasRenderingContext2D, entry: Entry, scene: Scene): void {
  const { x, y, width, height } = entry.place;
  const line = (strength(entry, scene) > 0 ? STRONG_LINE : LINE) * scene.unit;
  context.globalAlpha = opacity(entry, scene);
  if (context.globalAlpha === 1) {
    // The shade below keeps the line in sight on a ground of its own colour.
    context.strokeStyle = SHADE;
    context.lineWidth = line + 2 * scene.unit;
    context.strokeRect(x, y, width, height);
  }
  context.strokeStyle = classColor(entry.object.classId);
  context.lineWidth = line;
  context.strokeRect(x, y, width, height);
}

function drawLabels(context: CanvasRenderingContext2D, drawn: Entry[], scene: Scene): void {
  const bounds = intersection(pictureOn(scene), { x: 0, y: 0, ...scene.frame });
  const taken: Rectangle[] = [];
  setFont(context, scene.unit);
  for (const entry of drawn) {
    const longerSide = Math.max(entry.place.width, entry.place.height);
    if (!hasLabel(entry.object, longerSide, scene)) continue;
    // What is pointed at takes its best place, over others.
    const others = strength(entry, scene) > 0 ? [] : taken;
    taken.push(drawLabel(context, entry, scene, bounds, others));
  }
}

function drawLabel(
  context: CanvasRenderingContext2D,
  entry: Entry,
  scene: Scene,
  bounds: Rectangle,
  taken: readonly Rectangle[],
): Rectangle {
  const text = labelOf(entry.object);
  const width = textWidth(context, text) + 2 * LABEL_PADDING * scene.unit;
  const label = { width, height: LABEL_HEIGHT * scene.unit };
  const place = labelPlace(entry.place, label, bounds, taken);
  context.globalAlpha = opacity(entry, scene);
  drawText(context, text, entry.object.classId, place, scene.unit);
  return place;
}

function setFont(context: CanvasRenderingContext2D, unit: number): void {
  context.font = `500 ${12 * unit}px Roboto, sans-serif`;
  context.textBaseline = 'middle';
}

function drawText(
  context: CanvasRenderingContext2D,
  text: string,
  classId: number,
  place: Rectangle,
  unit: number,
): void {
  context.fillStyle = classColor(classId);
  context.fillRect(place.x, place.y, place.width, place.height);
  context.fillStyle = textOnClassColor(classId);
  context.fillText(text, place.x + LABEL_PADDING * unit, place.y + place.height / 2);
}

function pictureOn({ viewport, size }: Scene): Rectangle {
  const { x, y, scale } = viewport;
  return { x, y, width: size.width * scale, height: size.height * scale };
}

function drawHandles(context: CanvasRenderingContext2D, entry: Entry, scene: Scene): void {
  const side = HANDLE_SIZE * scene.unit;
  context.lineWidth = 1.5 * scene.unit;
  context.fillStyle = '#ffffff';
  context.strokeStyle = '#000000';
  for (const handle of HANDLES) {
    const { x, y } = toScreen(scene.viewport, handlePoint(entry.object.box, handle));
    context.fillRect(x - side / 2, y - side / 2, side, side);
    context.strokeRect(x - side / 2, y - side / 2, side, side);
  }
}

// Measuring text costs more than drawing it; names times percents are few.
const widths = new Map<string, number>();

function textWidth(context: CanvasRenderingContext2D, text: string): number {
  const key = `${context.font}|${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  const { width } = context.measureText(text);
  widths.set(key, width);
  return width;
}
