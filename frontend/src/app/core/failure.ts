import { HttpErrorResponse } from '@angular/common/http';
import { formatAhead } from '../shared/format';

/** Why a request came to nothing, in the words of the server where it had any. */
export interface Failure {
  /** The API's stable code (`file_too_large`), or `offline` or `unexpected`. */
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly requestId: string | null;
  readonly retryAfterSeconds: number | null;
}

const NO_ANSWER: Failure = {
  code: 'offline',
  title: 'No answer from the server',
  detail: 'The server cannot be reached. Nothing that it has recorded is lost.',
  status: 0,
  requestId: null,
  retryAfterSeconds: null,
};

// Where the server's words, which are for programs, leave a person at a page without a next step.
const WORDS: Readonly<Record<string, Partial<Failure>>> = {
  api_key_missing: {
    title: 'An API key is needed',
    detail: 'Type yours into the field above.',
  },
  api_key_invalid: { title: 'Another API key is needed' },
  scope_missing: { title: 'Not allowed with this API key' },
  quota_exceeded: { title: 'The quota of this API key is used up' },
};

/** The failure that an error of HttpClient (or anything else that was thrown) stands for. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof HttpErrorResponse)) {
    return { ...NO_ANSWER, code: 'unexpected', title: 'Something went wrong', detail: `${error}` };
  }
  if (error.status === 0) return NO_ANSWER;
  const problem = problemOf(error.error);
  return {
    code: problem?.code ?? 'unexpected',
    title: problem?.title ?? 'The request failed',
    detail: problem?.detail ?? `The server answered ${error.status} ${error.statusText}.`,
    status: error.status,
    requestId: problem?.request_id ?? error.headers.get('X-Request-ID'),
    retryAfterSeconds: seconds(error.headers.get('Retry-After')),
    ...(problem && WORDS[problem.code]),
  };
}

/** `Try again in 2 hours.` where a limit says when it has room; empty elsewhere. */
export function whenToRetry(failure: Failure): string {
  const seconds = failure.retryAfterSeconds;
  return failure.status === 429 && seconds ? `Try again ${formatAhead(seconds)}.` : '';
}

interface ProblemFields {
  code: string;
  title: string;
  detail: string;
  request_id?: string;
}

function problemOf(body: unknown): ProblemFields | null {
  const fields = typeof body === 'string' ? parsed(body) : body;
  const known = typeof fields === 'object' && fields !== null && 'code' in fields;
  return known ? (fields as ProblemFields) : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function seconds(header: string | null): number | null {
  const value = Number.parseFloat(header ?? '');
  return Number.isFinite(value) ? value : null;
}
