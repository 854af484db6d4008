import { Failure, failureOf } from '../../core/failure';

export interface Patience {
  readonly mostTries: number;
  /** Told before each wait how long it is, and why. */
  readonly onWait: (seconds: number, failure: Failure) => void;
  readonly wait?: (seconds: number) => Promise<void>;
  /** False when the answer is not wanted any more. */
  readonly isWanted?: () => boolean;
}

const BUSY = new Set([429, 503]);
const USUAL_WAIT_SECONDS = 2;
// Nobody watches a page for longer; a quota may say that there is room tomorrow.
const LONGEST_WAIT_SECONDS = 60;

/** Sends again, when the server says so, as often as `mostTries`; throws what was thrown last. */
export async function sendPatiently<Answer>(
  send: () => Promise<Answer>,
  patience: Patience,
): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await send();
    } catch (error) {
      const failure = failureOf(error);
      const seconds = Math.max(failure.retryAfterSeconds ?? USUAL_WAIT_SECONDS, 1);
      const isWorthIt = BUSY.has(failure.status) && seconds <= LONGEST_WAIT_SECONDS;
      if (!isWorthIt || tries > patience.mostTries) throw error;
      patience.onWait(seconds, failure);
      await (patience.wait ?? pause)(seconds);
      if (patience.isWanted?.() === false) throw error;
    }
  }
}

/** `The task queue cannot be reached. Trying again in 2 s.` */
export function waitNote(seconds: number, failure: Failure): string {
  // A proxy in front of the server has no words of its own.
  const why = failure.code === 'unexpected' ? 'The server is busy.' : failure.detail;
  return `${why} Trying again in ${Math.ceil(seconds)} s.`;
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
