import { HttpErrorResponse } from '@angular/common/http';

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
  };
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
