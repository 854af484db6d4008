import { classColor } from '../class-colors';
import { DetectedObject } from '../detected-object';
import { drawObjects, hasLabel, labelOf, Scene } from './draw-objects';

function object(id: number, side = 50): DetectedObject {
  const box = { x1: 10, y1: 40, x2: 10 + side, y2: 40 + side };
  return { id, box, classId: id, name: `class${id}`, confidence: 0.5, polygons: [] };
}

function sceneOf(objects: DetectedObject[], change: Partial<Scene> = {}): Scene {
  return {
    objects,
    size: { width: 200, height: 200 },
    frame: { width: 200, height: 200 },
    viewport: { scale: 1, x: 0, y: 0 },
    unit: 1,
    hovered: null,
    selected: null,
    editable: false,
    ...change,
  };
}

/** Notes what is drawn, with the opacity and the colour at that moment. */
function recorder() {
  const drawn: { what: string; alpha: number; color: string; args: unknown[] }[] = [];
  const state = { globalAlpha: 1, fillStyle: '', strokeStyle: '', lineWidth: 0, font: '' };
  const note =
    (what: string, color: 'fillStyle' | 'strokeStyle') =>
    (...args: unknown[]) =>
      drawn.push({ what, alpha: state.globalAlpha, color: state[color], args });
  const context = Object.assign(state, {
    strokeRect: note('box', 'strokeStyle'),
    fillRect: note('ground', 'fillStyle'),
    fillText: note('text', 'fillStyle'),
    fill: note('mask', 'fillStyle'),
    beginPath: () => undefined,
    closePath: () => undefined,
    moveTo: () => undefined,
    lineTo: () => undefined,
    measureText: (text: string) => ({ width: text.length * 7 }),
  });
  return { drawn, context: context as unknown as CanvasRenderingContext2D };
}

function texts(drawn: ReturnType<typeof recorder>['drawn']): unknown[] {
  return drawn.filter(({ what }) => what === 'text').map(({ args }) => args[0]);
}

describe('drawObjects', () => {
  it('draws a box in the colour of its class where the viewport puts it', () => {
    const { drawn, context } = recorder();
    drawObjects(context, sceneOf([object(3)], { viewport: { scale: 2, x: 5, y: -30 } }));
    const box = drawn.find(({ what, color }) => what === 'box' && color === classColor(3));
    expect(box?.args).toEqual([25, 50, 100, 100]);
    expect(texts(drawn)).toEqual(['class3 50 %']);
  });

  it('makes all but the hovered and the selected one faint', () => {
    const { drawn, context } = recorder();
    drawObjects(context, sceneOf([object(1), object(2), object(3)], { hovered: 2, selected: 3 }));
    const alphaOf = (id: number) =>
      drawn.find(({ what, color }) => what === 'box' && color === classColor(id))?.alpha;
    expect(alphaOf(1)).toBeLessThan(1);
    expect([alphaOf(2), alphaOf(3)]).toEqual([1, 1]);
  });

  it('leaves out what lies outside of the frame', () => {
    const { drawn, context } = recorder();
    drawObjects(context, sceneOf([object(1)], { viewport: { scale: 1, x: -500, y: 0 } }));
    expect(drawn).toEqual([]);
  });

  it('labels many small objects only when they are pointed at', () => {
    const many = Array.from({ length: 61 }, (_, id) => object(id, 20));
    const { drawn, context } = recorder();
    drawObjects(context, sceneOf(many, { hovered: 7 }));
    expect(texts(drawn)).toEqual(['class7 50 %']);
  });

  it('labels many objects once the zoom has made them large', () => {
    const many = Array.from({ length: 61 }, (_, id) => object(id, 20));
    expect(hasLabel(many[0], 20, sceneOf(many))).toBe(false);
    expect(hasLabel(many[0], 120, sceneOf(many))).toBe(true);
  });

  it('fills masks with a translucent colour', () => {
    const masked = { ...object(1), polygons: [[[0, 0], [9, 0], [9, 9]]] }; // prettier-ignore
    const { drawn, context } = recorder();
    drawObjects(context, sceneOf([masked]));
    expect(drawn[0]).toMatchObject({ what: 'mask', alpha: 0.4, color: classColor(1) });
  });

  it('gives handles to the selected object only while editing', () => {
    const count = (editable: boolean) => {
      const { drawn, context } = recorder();
      drawObjects(context, sceneOf([object(1)], { selected: 1, editable }));
      return drawn.filter(({ color }) => color === '#ffffff').length;
    };
    expect([count(false), count(true)]).toEqual([0, 8]);
  });
});

describe('labelOf', () => {
  it('has no confidence where a person has drawn', () => {
    expect(labelOf({ ...object(1), confidence: null })).toBe('class1');
  });
});
