import { HttpErrorResponse, HttpHeaders } from '@angular/common/http';
import { failureOf } from '../../core/failure';
import { sendPatiently, waitNote } from './patient-request';

function refusal(status: number, retryAfter?: string): HttpErrorResponse {
  const headers = new HttpHeaders(retryAfter ? { 'Retry-After': retryAfter } : {});
  return new HttpErrorResponse({ status, headers, url: '/api/process-image' });
}

/** Answers each call with the next of `outcomes`, and notes the waits. */
function script(outcomes: (HttpErrorResponse | string)[]) {
  const waits: number[] = [];
  const send = () => {
    const outcome = outcomes.shift();
    return typeof outcome === 'string' ? Promise.resolve(outcome) : Promise.reject(outcome);
  };
  const patience = {
    mostTries: 3,
    onWait: (seconds: number) => waits.push(seconds),
    wait: () => Promise.resolve(),
  };
  return { send, patience, waits };
}

describe('sendPatiently', () => {
  it('waits as long as the server says, then sends again', async () => {
    const { send, patience, waits } = script([refusal(503, '7'), refusal(429), 'done']);
    await expect(sendPatiently(send, patience)).resolves.toBe('done');
    expect(waits).toEqual([7, 2]);
  });

  it('gives up after so many tries with the last answer', async () => {
    const last = refusal(503, '1');
    const { send, patience, waits } = script([refusal(503), refusal(503), refusal(503), last]);
    await expect(sendPatiently(send, patience)).rejects.toBe(last);
    expect(waits).toHaveLength(3);
  });

  it('does not wait for a quota that has room tomorrow', async () => {
    const { send, patience, waits } = script([refusal(429, '43200'), 'done']);
    await expect(sendPatiently(send, patience)).rejects.toMatchObject({ status: 429 });
    expect(waits).toEqual([]);
  });

  it('does not send again what the server will never take', async () => {
    const { send, patience, waits } = script([refusal(413), 'done']);
    await expect(sendPatiently(send, patience)).rejects.toMatchObject({ status: 413 });
    expect(waits).toEqual([]);
  });

  it('ends when nobody wants the answer any more', async () => {
    const { send, patience } = script([refusal(503), 'done']);
    const unwanted = { ...patience, isWanted: () => false };
    await expect(sendPatiently(send, unwanted)).rejects.toMatchObject({ status: 503 });
  });
});

describe('waitNote', () => {
  it('says what the server says is wrong', () => {
    const error = { code: 'queue_unavailable', title: '', detail: 'The queue is away.' };
    const failure = failureOf(new HttpErrorResponse({ status: 503, error }));
    expect(waitNote(1.2, failure)).toBe('The queue is away. Trying again in 2 s.');
  });

  it('has words of its own where a proxy answered', () => {
    const failure = failureOf(refusal(503));
    expect(waitNote(2, failure)).toBe('The server is busy. Trying again in 2 s.');
  });
});
