// What the camera at the front door saw: a small scene, drawn. Pure: the same scene is the same bytes, so that it is one
// object however often it is kept. Not for: pixels into bytes (png.ts).
import { type Colour, png } from './png.ts'

export interface Scene {
  light: 'dawn' | 'day'
  who: 'courier' | 'mira'
}

/** A shape says of each point whether it is in it, and how much it covers, 0 to 1. */
type Shape = (x: number, y: number) => number
type Layer = [shape: Shape, colour: Colour | ((x: number, y: number) => Colour)]

const WIDTH = 288
const HEIGHT = 192
/** The horizon, and where feet stand. */
const GROUND = 138
const FEET = 164

const rect =
  (left: number, top: number, width: number, height: number): Shape =>
  (x, y) =>
    Number(x >= left && x < left + width && y >= top && y < top + height)
const disc =
  (cx: number, cy: number, rx: number, ry = rx): Shape =>
  (x, y) =>
    Number(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1)
/** Narrow above, wide below, or the other way round. */
const taper =
  (cx: number, top: number, bottom: number, halfTop: number, halfBottom: number): Shape =>
  (x, y) =>
    Number(
      y >= top && y < bottom && Math.abs(x - cx) <= halfTop + ((halfBottom - halfTop) * (y - top)) / (bottom - top),
    )
const glow =
  (cx: number, cy: number, radius: number, strength: number): Shape =>
  (x, y) =>
    strength * Math.max(0, 1 - Math.hypot(x - cx, y - cy) / radius) ** 2
const frame =
  (left: number, top: number, width: number, height: number): Shape =>
  (x, y) =>
    rect(left, top, width, height)(x, y) - rect(left + 1, top + 1, width - 2, height - 2)(x, y)
const only =
  (area: Shape, of: Shape): Shape =>
  (x, y) =>
    area(x, y) * of(x, y)

const mix = (a: Colour, b: Colour, share: number): Colour => [
  a[0] + (b[0] - a[0]) * share,
  a[1] + (b[1] - a[1]) * share,
  a[2] + (b[2] - a[2]) * share,
]

const skies: Record<Scene['light'], { high: Colour; low: Colour; lawn: Colour; shade: number }> = {
  dawn: { high: [38, 42, 84], low: [240, 168, 128], lawn: [58, 84, 74], shade: 0.24 },
  day: { high: [112, 170, 222], low: [218, 234, 240], lawn: [106, 152, 88], shade: 0 },
}
const night: Colour = [24, 26, 60]

/** Rows of bricks, each shifted by half a brick. */
const mortar: Shape = (x, y) => Number(y % 8 < 1 || (x + (Math.floor(y / 8) % 2) * 9) % 18 < 1)

function surroundings({ light }: Scene): Layer[] {
  const { high, low, lawn } = skies[light]
  const wall = rect(150, 22, 138, 124)
  const stars: Layer[] = [
    [18, 20],
    [52, 34],
    [88, 14],
    [120, 40],
    [104, 62],
  ].map(([x = 0, y = 0]) => [disc(x, y, 0.9), [255, 250, 230]])
  const clouds: Layer[] = [
    [40, 36, 20],
    [56, 32, 16],
    [70, 38, 14],
    [104, 58, 13],
    [116, 60, 10],
  ].map(([x = 0, y = 0, r = 0]) => [disc(x, y, r, r * 0.5), [250, 252, 252]])
  return [
    [rect(0, 0, WIDTH, GROUND), (_, y) => mix(high, low, y / GROUND)],
    ...(light === 'dawn' ? stars : clouds),
    ...(light === 'dawn'
      ? [
          [disc(36, 50, 11), [250, 240, 214]] as Layer,
          [disc(41, 47, 10), (_: number, y: number) => mix(high, low, y / GROUND)] as Layer,
        ]
      : []),
    [disc(30, 148, 60, 34), mix(lawn, night, 0.3)],
    [disc(104, 150, 52, 24), mix(lawn, night, 0.2)],
    [rect(0, GROUND, WIDTH, HEIGHT - GROUND), (_, y) => mix(lawn, night, (y - GROUND) / 130)],
    [taper(212, 144, HEIGHT, 30, 62), [174, 164, 152]],
    [wall, [168, 96, 78]],
    [only(wall, mortar), [150, 84, 70]],
    [taper(219, 4, 24, 44, 84), [74, 66, 78]],
  ]
}

function door(): Layer[] {
  return [
    [rect(188, 62, 48, 86), [236, 228, 212]],
    [rect(192, 66, 40, 82), [44, 92, 84]],
    [rect(197, 72, 30, 22), [250, 214, 140]],
    [rect(211, 72, 2, 22), [44, 92, 84]],
    [rect(197, 100, 30, 18), [36, 78, 72]],
    [rect(197, 123, 30, 18), [36, 78, 72]],
    [disc(228, 112, 2), [232, 190, 88]],
    [rect(182, 146, 60, 5), [196, 188, 176]],
    [rect(196, 152, 32, 5), [122, 88, 62]],
    // The house number, 7.
    [rect(247, 84, 8, 2), [240, 236, 226]],
    [only(rect(244, 85, 12, 11), (x, y) => Number(Math.abs(x - 254 + (y - 85) * 0.45) < 1.2)), [240, 236, 226]],
    [disc(260, 140, 8, 10), [62, 104, 66]],
    [taper(260, 140, 152, 8, 6), [176, 104, 72]],
    [rect(170, 60, 6, 10), [60, 56, 62]],
    [rect(171, 62, 4, 7), [255, 236, 170]],
  ]
}

const skin: Colour = [226, 178, 146]

function courier(): Layer[] {
  return [
    [disc(160, FEET, 22, 4), mix([174, 164, 152], night, 0.4)],
    [rect(151, 132, 7, 32), [52, 56, 76]],
    [rect(161, 132, 7, 32), [52, 56, 76]],
    [taper(159.5, 98, 136, 10, 13), [238, 186, 52]],
    [rect(147, 116, 25, 3), [242, 238, 220]],
    [disc(159.5, 88, 9), skin],
    [rect(150, 78, 19, 7), [196, 60, 48]],
    [rect(164, 83, 10, 2.5), [196, 60, 48]],
    [disc(163, 88, 1), [40, 36, 44]],
    [rect(168, 112, 24, 18), [188, 140, 90]],
    [rect(178, 112, 4, 18), [222, 190, 140]],
    [taper(170, 104, 122, 4, 4), [238, 186, 52]],
    [disc(172, 122, 3.5), skin],
  ]
}

function mira(): Layer[] {
  return [
    [disc(162, FEET, 20, 4), mix([174, 164, 152], night, 0.4)],
    [rect(154, 140, 6, 24), [70, 58, 66]],
    [rect(163, 140, 6, 24), [70, 58, 66]],
    [taper(161, 99, 148, 8, 15), [58, 108, 168]],
    [disc(161, 89, 9), skin],
    [only(disc(160, 87, 10.5), rect(146, 74, 22, 11)), [92, 58, 40]],
    [disc(150, 82, 5), [92, 58, 40]],
    [rect(152, 96, 19, 6), [214, 92, 84]],
    [disc(165, 89, 1), [40, 36, 44]],
    // Out of the bag looks a leek.
    [rect(177, 108, 3, 20), [232, 238, 214]],
    [taper(178.5, 100, 112, 6, 2), [96, 152, 80]],
    [taper(178, 122, 146, 9, 8), [222, 206, 176]],
    [taper(171, 104, 124, 3.5, 3.5), [50, 96, 152]],
    [disc(173, 125, 3), skin],
  ]
}

function layers(scene: Scene): Layer[] {
  const { shade } = skies[scene.light]
  const dusk: Layer[] =
    shade === 0
      ? []
      : [
          [() => shade, night],
          [glow(173, 66, 74, 0.75), [255, 214, 136]],
          [glow(212, 84, 40, 0.45), [255, 208, 130]],
        ]
  const person = scene.who === 'courier' ? courier() : mira()
  return [...surroundings(scene), ...door(), ...person, ...dusk, [frame(138, 70, 60, 100), [86, 214, 120]]]
}

/** Fewer shades, which nobody sees in a drawing, and half the bytes. */
const coarse = (shade: number) => Math.min(255, Math.round(shade / 5) * 5)

/** Where in the scene a picture looks. */
interface View {
  left: number
  top: number
  width: number
  height: number
  /** Points of the scene that a pixel is wide. */
  scale: number
}

/** Four points a pixel, so that edges are soft. */
const points = [0.25, 0.75].flatMap((dx) => [0.25, 0.75].map((dy) => [dx, dy] as const))

function drawn(scene: Scene, { left, top, width, height, scale }: View): Buffer {
  const painted = layers(scene)
  const at = (x: number, y: number) => {
    let colour: Colour = [0, 0, 0]
    for (const [shape, paint] of painted) {
      const share = shape(x, y)
      if (share > 0) colour = mix(colour, typeof paint === 'function' ? paint(x, y) : paint, share)
    }
    return colour
  }
  return png(width, height, (px, py) => {
    const seen = points.map(([dx, dy]) => at(left + (px + dx) * scale, top + (py + dy) * scale))
    const mean = (index: 0 | 1 | 2) => coarse(seen.reduce((sum, colour) => sum + colour[index], 0) / seen.length)
    return [mean(0), mean(1), mean(2)]
  })
}

/** The whole view, with the box of the detection as Frigate draws it. */
export function snapshot(scene: Scene): Buffer {
  return drawn(scene, { left: 0, top: 0, width: WIDTH, height: HEIGHT, scale: 1 })
}

/** The person alone, small. */
export function thumbnail(scene: Scene): Buffer {
  return drawn(scene, { left: 132, top: 70, width: 72, height: 100, scale: 1 })
}
