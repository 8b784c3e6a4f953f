// What is shown, what is only saved, and under which name.
import { describe, expect, test } from 'vitest'
import { dispositionHeaders, essenceOf, nameIn, servedType } from './disposition.ts'

describe('the type that is served', () => {
  test.each([
    ['image/png', 'image/png'],
    ['IMAGE/PNG; x=y', 'image/png'],
    [' image/jpeg ', 'image/jpeg'],
    ['text/plain;charset=utf-8', 'text/plain'],
    ['application/json; charset="utf-8"', 'application/json'],
    ['video/mp4; codecs="avc1.42E01E, mp4a.40.2"', 'video/mp4'],
    ['audio/ogg', 'audio/ogg'],
  ])('%s is shown as %s', (mediaType, type) => {
    expect(servedType(mediaType)).toBe(type)
    expect(dispositionHeaders(type, undefined)['content-disposition']).toBe('inline')
  })

  test.each([
    'text/html',
    'text/html;charset=utf-8',
    'TEXT/HTML',
    'image/svg+xml',
    'image/svg+xml; charset=utf-8',
    'application/xhtml+xml',
    'application/xml',
    'text/xml',
    'application/pdf',
    'text/javascript',
    'text/css',
    'text/markdown',
    'multipart/x-mixed-replace',
    'application/octet-stream',
    'image/png,text/html',
    'image/png text/html',
    'image/png\u0000',
    'text/html;image/png',
    'image/',
    'image',
    '',
    ';',
    '*/*',
  ])('%s is only saved', (mediaType) => {
    const type = servedType(mediaType)
    expect(dispositionHeaders(type, undefined)).toEqual({
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment',
    })
  })

  test('text says that it is UTF-8', () => {
    expect(dispositionHeaders('text/plain', undefined)['content-type']).toBe('text/plain; charset=utf-8')
  })

  test('what is no media type has no essence', () => {
    expect(essenceOf('text/html; a=b')).toBe('text/html')
    expect(essenceOf('nonsense')).toBeNull()
    expect(essenceOf(`a/${'b'.repeat(200)}`)).toBeNull()
  })
})

describe('the name of a file', () => {
  const named = (name: string) => dispositionHeaders('image/png', name)['content-disposition']

  test.each([
    ['cat.png', `inline; filename="cat.png"; filename*=UTF-8''cat.png`],
    ['a b.png', `inline; filename="a b.png"; filename*=UTF-8''a%20b.png`],
    ['"quoted".png', `inline; filename="_quoted_.png"; filename*=UTF-8''%22quoted%22.png`],
    ["it's (1)*.png", `inline; filename="it's (1)*.png"; filename*=UTF-8''it%27s%20%281%29%2A.png`],
    ['Tür 😀.png', `inline; filename="T_r _.png"; filename*=UTF-8''T%C3%BCr%20%F0%9F%98%80.png`],
    ['a\r\nSet-Cookie: x=1', `inline; filename="a__Set-Cookie: x=1"; filename*=UTF-8''a__Set-Cookie%3A%20x%3D1`],
    ['../../etc/passwd', `inline; filename=".._.._etc_passwd"; filename*=UTF-8''.._.._etc_passwd`],
    ['C:\\x\u0000.exe', `inline; filename="C:_x_.exe"; filename*=UTF-8''C%3A_x_.exe`],
    ['\u202egnp.exe', `inline; filename="_gnp.exe"; filename*=UTF-8''_gnp.exe`],
    ['100%41.png', `inline; filename="100_41.png"; filename*=UTF-8''100%2541.png`],
    ['\ud800.png', `inline; filename="_.png"; filename*=UTF-8''%EF%BF%BD.png`],
    ['', 'inline'],
  ])('%j is %s', (name, header) => {
    expect(named(name)).toBe(header)
    expect(() => new Headers({ 'content-disposition': header })).not.toThrow()
  })
})

describe('the name that a sender gives', () => {
  test.each([
    ['attachment; filename="a b.png"', 'a b.png'],
    ['attachment; filename=a.png', 'a.png'],
    ['inline;filename="a \\"b\\".png"', 'a "b".png'],
    ['attachment; filename="x"; filename*=UTF-8\'\'T%C3%BCr.png', 'Tür.png'],
    ["attachment; filename*=utf-8'de'T%C3%BCr.png; filename=x", 'Tür.png'],
    ["attachment; filename*=UTF-8''%FF; filename=x", 'x'],
    ['attachment', undefined],
    [undefined, undefined],
  ])('%s is %s', (header, name) => {
    expect(nameIn(header)).toBe(name)
  })
})
