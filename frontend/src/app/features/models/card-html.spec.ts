import { cardHtml } from './card-html';

describe('cardHtml', () => {
  it('puts the headings under those of the page', () => {
    expect(cardHtml('# street\n\n## Quality')).toContain('<h3>street</h3>');
    expect(cardHtml('## Quality')).toContain('<h4>Quality</h4>');
    expect(cardHtml('###### Deep')).toContain('<h6>Deep</h6>');
  });

  it('shows HTML as text', () => {
    const html = cardHtml('Hello <img src=x onerror=alert(1)>\n\n<script>alert(1)</script>');
    expect(html).not.toContain('<script');
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;script&gt;');
  });

  it('makes a link of a picture', () => {
    const html = cardHtml('![A bus](https://elsewhere.test/bus.png)');
    expect(html).not.toContain('<img');
    expect(html).toContain('href="https://elsewhere.test/bus.png"');
    expect(html).toContain('A bus');
  });

  it('renders tables', () => {
    const html = cardHtml('| a | b |\n| --- | --- |\n| 1 | 2 |');
    expect(html).toContain('<table>');
    expect(html).toContain('<td>1</td>');
  });
});
