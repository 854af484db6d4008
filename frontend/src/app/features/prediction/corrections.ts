import { BoxAnswer } from '../../api/models/box-answer';
import { CorrectedObject } from '../../api/models/corrected-object';
import { ImageSize } from '../../api/models/image-size';
import { VerdictObjectAnswer } from '../../api/models/verdict-object-answer';
import { DetectedObject } from '../../shared/detected-object';

/** A class that a box can have. */
export interface ClassChoice {
  readonly id: number;
  readonly name: string;
}

type Objects = readonly DetectedObject[];

/** Objects that are being corrected: what they were at the start, each step since, and now. */
export interface Corrections {
  readonly start: Objects;
  readonly past: readonly Objects[];
  readonly objects: Objects;
}

export function startCorrections(objects: Objects): Corrections {
  return { start: objects, past: [], objects };
}

export function correct(corrections: Corrections, objects: Objects): Corrections {
  return { ...corrections, past: [...corrections.past, corrections.objects], objects };
}

export function undo(corrections: Corrections): Corrections {
  const objects = corrections.past.at(-1);
  return objects ? { ...corrections, past: corrections.past.slice(0, -1), objects } : corrections;
}

/** Whether the server would be told anything new. */
export function isChanged({ start, objects }: Corrections): boolean {
  return JSON.stringify(correctedObjects(start)) !== JSON.stringify(correctedObjects(objects));
}

export function withoutObject(objects: Objects, id: number): Objects {
  return objects.filter((object) => object.id !== id);
}

export function withClass(objects: Objects, id: number, choice: ClassChoice): Objects {
  return objects.map((object) =>
    object.id === id
      ? { ...object, classId: choice.id, name: choice.name, confidence: null }
      : object,
  );
}

/** With one side of a box moved; within the picture, and never past the opposite side. */
export function withSide(
  objects: Objects,
  id: number,
  side: keyof BoxAnswer,
  value: number,
  size: ImageSize,
): Objects {
  return objects.map((object) =>
    object.id === id
      ? { ...object, box: movedSide(object.box, side, value, size), confidence: null, polygons: [] }
      : object,
  );
}

function movedSide(
  box: BoxAnswer,
  side: keyof BoxAnswer,
  value: number,
  size: ImageSize,
): BoxAnswer {
  const limits: Record<keyof BoxAnswer, [number, number]> = {
    x1: [0, box.x2 - 1],
    y1: [0, box.y2 - 1],
    x2: [box.x1 + 1, size.width],
    y2: [box.y1 + 1, size.height],
  };
  const [least, most] = limits[side];
  return { ...box, [side]: Math.min(Math.max(value, least), most) };
}

/** One more box in the middle, for those who do not draw; the new one is the last. */
export function withBoxInMiddle(objects: Objects, choice: ClassChoice, size: ImageSize): Objects {
  const { width, height } = size;
  const box = { x1: width * 0.375, y1: height * 0.375, x2: width * 0.625, y2: height * 0.625 };
  const id = Math.max(-1, ...objects.map((object) => object.id)) + 1;
  const { id: classId, name } = choice;
  return [...objects, { id, box, classId, name, confidence: null, polygons: [] }];
}

/** As the API takes them. */
export function correctedObjects(objects: Objects): CorrectedObject[] {
  return objects.map(({ box, classId }) => ({ box, class: classId }));
}

/** The objects of a verdict as the viewer shows them. */
export function objectsOfVerdict(objects: readonly VerdictObjectAnswer[]): DetectedObject[] {
  return objects.map(({ box, class: classId, name }, id) => ({
    ...{ id, box, classId, name },
    confidence: null,
    polygons: [],
  }));
}
