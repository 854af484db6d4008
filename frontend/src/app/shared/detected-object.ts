import { BoxAnswer } from '../api/models/box-answer';
import { DetectionAnswer } from '../api/models/detection-answer';

/** One object as viewers and tables show it; boxes and outlines in pixels of the upright image. */
export interface DetectedObject {
  /** Its place in the answer, which links the box with its row. */
  readonly id: number;
  readonly box: BoxAnswer;
  readonly classId: number;
  readonly name: string;
  /** Null for what a person has drawn. */
  readonly confidence: number | null;
  /** Outlines of a mask: rings of [x, y]. */
  readonly polygons: readonly (readonly (readonly number[])[])[];
}

export function detectedObjects(detections: readonly DetectionAnswer[]): DetectedObject[] {
  return detections.map((detection, id) => ({
    id,
    box: detection.box,
    classId: detection.class,
    name: detection.name,
    confidence: detection.confidence,
    polygons: detection.mask?.polygons ?? [],
  }));
}
