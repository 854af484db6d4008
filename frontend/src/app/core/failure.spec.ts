import { HttpErrorResponse, HttpHeaders } from '@angular/common/http';
import { failureOf, whenToRetry } from './failure';

describe('failureOf', () => {
  it('has the words, the code and the id of the server', () => {
    const error = new HttpErrorResponse({
      status: 503,
      headers: new HttpHeaders({ 'Retry-After': '2' }),
      error: { code: 'overloaded', title: 'Busy', detail: 'Too many.', request_id: 'r1' },
    });
    expect(failureOf(error)).toEqual({
      code: 'overloaded',
      title: 'Busy',
      detail: 'Too many.',
      status: 503,
      requestId: 'r1',
      retryAfterSeconds: 2,
    });
  });

  it('reads a problem that came as text', () => {
    const text = JSON.stringify({ code: 'image_not_kept', title: 'Gone', detail: 'Not kept.' });
    expect(failureOf(new HttpErrorResponse({ status: 404, error: text })).code).toBe(
      'image_not_kept',
    );
  });

  it('says that no answer came', () => {
    expect(failureOf(new HttpErrorResponse({ status: 0 })).code).toBe('offline');
  });

  it('keeps what is no problem at all', () => {
    expect(failureOf(new HttpErrorResponse({ status: 502, error: '<html>' })).status).toBe(502);
    expect(failureOf(new TypeError('x is not a function')).detail).toContain('x is not a function');
  });
});

describe('a refusal for the sake of its key', () => {
  function refusal(status: number, code: string, retryAfter = '') {
    const headers = new HttpHeaders(retryAfter ? { 'Retry-After': retryAfter } : {});
    const error = { code, title: 'Unauthorized', detail: 'Header `X-API-Key`.' };
    return failureOf(new HttpErrorResponse({ status, headers, error }));
  }

  it('says what a person at a page can do', () => {
    const failure = refusal(401, 'api_key_missing');
    expect(failure.title).toBe('An API key is needed');
    expect(failure.detail).not.toContain('Header');
    expect(refusal(403, 'scope_missing').detail).toBe('Header `X-API-Key`.');
  });

  it('says when there is room again', () => {
    expect(whenToRetry(refusal(429, 'quota_exceeded', '43200'))).toBe('Try again in 12 hours.');
    expect(whenToRetry(refusal(429, 'rate_limited', '40'))).toBe('Try again in 40 seconds.');
    expect(whenToRetry(refusal(403, 'scope_missing'))).toBe('');
  });
});
