import { HttpErrorResponse, HttpHeaders } from '@angular/common/http';
import { failureOf } from './failure';

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
