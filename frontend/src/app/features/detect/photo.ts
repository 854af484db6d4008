import { PredictionAnswer } from '../../api/models/prediction-answer';
import { Failure } from '../../core/failure';

export type PhotoState =
  'waiting' | 'sending' | 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

/** One image of this visit and what has become of it. */
export interface Photo {
  readonly id: number;
  readonly file: File;
  /** Answered at once, or later by a worker. */
  readonly way: 'direct' | 'queue';
  /** The lowest confidence that the server is asked for; null: as the model says. */
  readonly askedConfidence: number | null;
  readonly state: PhotoState;
  /** What it waits for, in words; empty when there is nothing to say. */
  readonly note: string;
  readonly answer: PredictionAnswer | null;
  readonly failure: Failure | null;
  /** It was not sent at all, and sending it again would not help. */
  readonly isRefused: boolean;
  /** A small picture as a data URL; null where the browser cannot decode it. */
  readonly thumbnail: string | null;
}

export type PhotoChange = Partial<Omit<Photo, 'id' | 'file'>>;

const OPEN: readonly PhotoState[] = ['waiting', 'sending', 'queued', 'running'];

export function isOpen(photo: Photo): boolean {
  return OPEN.includes(photo.state);
}

const STATE_NAMES: Record<PhotoState, string> = {
  waiting: 'Waiting',
  sending: 'Analysing',
  queued: 'Queued',
  running: 'Running',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

export function stateName(photo: Photo): string {
  if (photo.state === 'sending' && photo.way === 'queue') return 'Uploading';
  return STATE_NAMES[photo.state];
}
