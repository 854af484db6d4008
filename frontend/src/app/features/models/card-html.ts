import { Marked, Renderer, Tokens } from 'marked';

const PAGE_LEVELS = 2; // the card's title comes under the page's h1 and the section's h2

/**
 * A model card as HTML. HTML inside the Markdown is shown as text, and pictures as links: the
 * page asks no other host for anything.
 */
export function cardHtml(markdown: string): string {
  return new Marked({ renderer: RENDERER }).parse(markdown, { async: false });
}

const RENDERER: Partial<Renderer> = {
  heading(this: Renderer, { depth, tokens }: Tokens.Heading): string {
    const level = Math.min(6, depth + PAGE_LEVELS);
    return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
  },

  html({ text }: Tokens.HTML | Tokens.Tag): string {
    return escaped(text);
  },

  image({ href, text }: Tokens.Image): string {
    return `<a href="${escaped(href)}" rel="noopener">${escaped(text || href)}</a>`;
  },

  // A wide table scrolls by itself, by keyboard too.
  table(this: Renderer, token: Tokens.Table): string {
    const table = Renderer.prototype.table.call(this, token);
    return `<div class="scroll-x" tabindex="0" role="group" aria-label="Table">${table}</div>\n`;
  },
};

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
