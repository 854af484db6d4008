import { platformLinks } from './platform-links';

const NONE = { docs: null, grafana: null, mlflow: null, prometheus: null };

describe('platformLinks', () => {
  it('leaves out what is not set', () => {
    expect(platformLinks(NONE, 'http://host.test/ui/')).toEqual([]);
  });

  it('finds the docs on the server that the page is from', () => {
    const links = { ...NONE, docs: '/docs', grafana: 'http://grafana.test:3000/' };
    expect(platformLinks(links, 'http://host.test/ui/')).toEqual([
      { name: 'Grafana', url: 'http://grafana.test:3000/' },
      { name: 'API docs', url: 'http://host.test/docs' },
    ]);
  });

  it('finds the docs under a prefix', () => {
    const [docs] = platformLinks({ ...NONE, docs: '/docs' }, 'http://host.test/vision/ui/');
    expect(docs.url).toBe('http://host.test/vision/docs');
  });
});
