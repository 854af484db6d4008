import { provideHttpClient } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { ApiConfiguration } from '../../api/api-configuration';
import { HistoryStore } from './history-store';

const prediction = (id: string, second: number) => ({
  id,
  created_at: `2026-05-03T10:00:0${second}Z`,
});

describe('HistoryStore', () => {
  let http: HttpTestingController;
  let store: HistoryStore;
  const ids = () => store.predictions()?.map(({ id }) => id);
  const asked = (query: string) => http.expectOne(`/predictions?${query}`);

  beforeEach(() => {
    TestBed.configureTestingModule({
      providers: [
        provideZonelessChangeDetection(),
        provideHttpClient(),
        provideHttpClientTesting(),
        HistoryStore,
      ],
    });
    TestBed.inject(ApiConfiguration).rootUrl = '';
    http = TestBed.inject(HttpTestingController);
    store = TestBed.inject(HistoryStore);
  });

  afterEach(() => http.verify());

  it('drops the answer to an older question', async () => {
    const older = store.show({ class: 'car' });
    const first = asked('limit=50&class=car');
    const newer = store.show({ class: 'bus' });
    asked('limit=50&class=bus').flush({ predictions: [prediction('b', 2)], next_cursor: null });
    await newer;
    first.flush({ predictions: [prediction('a', 1)], next_cursor: 'x' });
    await older;
    expect(ids()).toEqual(['b']);
    expect(store.hasMore()).toBe(false);
  });

  it('adds the next page to what is shown, and keeps that when the next page fails', async () => {
    const shown = store.show({});
    asked('limit=50').flush({ predictions: [prediction('b', 2)], next_cursor: 'x' });
    await shown;
    const failed = store.showMore();
    asked('limit=50&cursor=x').flush(
      { code: 'history_unavailable', title: 'Service Unavailable', detail: 'away' },
      { status: 503, statusText: 'Service Unavailable' },
    );
    await failed;
    expect(ids()).toEqual(['b']);
    expect(store.moreFailure()?.code).toBe('history_unavailable');
    const more = store.showMore();
    asked('limit=50&cursor=x').flush({ predictions: [prediction('a', 1)], next_cursor: null });
    await more;
    expect(ids()).toEqual(['b', 'a']);
    expect(store.moreFailure()).toBeNull();
  });

  it('shows a failure as a failure, never as an empty list', async () => {
    const shown = store.show({ min_confidence: '3' });
    asked('limit=50&min_confidence=3').flush(
      { code: 'invalid_parameter', title: 'Unprocessable', detail: 'min_confidence: too large' },
      { status: 422, statusText: 'Unprocessable Content' },
    );
    await shown;
    expect(store.predictions()).toBeNull();
    expect(store.filterFailure()?.detail).toBe('min_confidence: too large');
  });

  it('tells of a newer one only', async () => {
    const shown = store.show({ verdict: 'none' });
    asked('limit=50&verdict=none').flush({ predictions: [prediction('b', 2)] });
    await shown;
    for (const [id, second, newer] of [
      ['b', 2, false],
      ['a', 1, false],
      ['c', 3, true],
    ] as const) {
      const looked = store.lookForNewer();
      asked('limit=1&verdict=none').flush({ predictions: [prediction(id, second)] });
      await looked;
      expect(store.hasNewer()).toBe(newer);
    }
    expect(ids()).toEqual(['b']);
  });
});
