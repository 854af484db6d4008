import { provideHttpClient } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';
import { ActivityStore } from './activity-store';

const REFRESH_MS = 10_000;

let http: HttpTestingController;
let store: ActivityStore;

beforeEach(() => {
  vi.useFakeTimers();
  TestBed.configureTestingModule({
    providers: [provideHttpClient(), provideHttpClientTesting(), ActivityStore],
  });
  http = TestBed.inject(HttpTestingController);
  store = TestBed.inject(ActivityStore);
  TestBed.tick();
});

afterEach(() => {
  TestBed.resetTestingModule();
  vi.useRealTimers();
});

function answerOf(minutes: number) {
  return http.expectOne(`/activity?minutes=${minutes}`);
}

async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

describe('ActivityStore', () => {
  it('asks for the chosen range, and again every ten seconds', async () => {
    store.choose(60);
    answerOf(60).flush({ times: [1] });
    await settled();
    expect(store.activity()?.times).toEqual([1]);
    await vi.advanceTimersByTimeAsync(REFRESH_MS);
    answerOf(60).flush({ times: [2] });
    await settled();
    expect(store.activity()?.times).toEqual([2]);
  });

  it('does not ask while it is paused, and at once when it goes on', async () => {
    store.choose(60);
    answerOf(60).flush({ times: [1] });
    store.setPaused(true);
    await vi.advanceTimersByTimeAsync(3 * REFRESH_MS);
    http.expectNone('/activity?minutes=60');
    store.setPaused(false);
    answerOf(60);
  });

  it('does not show one range as another', async () => {
    store.choose(60);
    const late = answerOf(60);
    store.choose(15);
    answerOf(15).flush({ times: [15] });
    await settled();
    late.flush({ times: [60] });
    await settled();
    expect(store.activity()?.times).toEqual([15]);
  });

  it('keeps what it knew when a refresh fails, and says that it did', async () => {
    store.choose(60);
    answerOf(60).flush({ times: [1] });
    await vi.advanceTimersByTimeAsync(REFRESH_MS);
    answerOf(60).flush({ code: 'queue_unavailable' }, { status: 503, statusText: '' });
    await settled();
    expect(store.failure()?.code).toBe('queue_unavailable');
    expect(store.activity()?.times).toEqual([1]);
  });

  it('forgets the failure with the next answer', async () => {
    store.choose(60);
    answerOf(60).flush({ code: 'queue_unavailable' }, { status: 503, statusText: '' });
    await settled();
    void store.load();
    answerOf(60).flush({ times: [1] });
    await settled();
    expect(store.failure()).toBeNull();
  });
});
