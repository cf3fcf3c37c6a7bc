/** i3X 1.0, clause by clause of its Implementation Guide, whose headings stand in brackets: values, history and writes. */
import t from 'tap'
import { isBulk, isFailure, isVqt, LINE, lineHub, NOWHERE, SHELL, timeOf, type Vqt } from './i3x-client.ts'

t.test(
  '[Null Value Handling] what has no value, or a bad one, is null, and absent from what it is a component of',
  async (t) => {
    const { hub, post } = await lineHub(t)
    const time = timeOf('12:00:00')
    await hub.ask('POST', `${hub.url}/ingest`, [
      { submodel: LINE, path: 'Speed', time, value: 1, quality: 'bad' },
      { submodel: LINE, path: 'Motor.Current', time: '2036-01-31T12:00:00Z', value: 3.5, quality: 'uncertain' }
    ])
    const now = new Date().toISOString()
    await hub.ask('POST', `${hub.url}/ingest`, [
      { submodel: LINE, path: 'Speed', time: now, value: 1, quality: 'bad' },
      { submodel: LINE, path: 'Motor.Current', time: now, value: 3.5, quality: 'uncertain' }
    ])
    const ids = ['#Speed', '#Empty', '#Limit', '#Count', '#Note', '#Motor.Current', '#Motor', ''].map(
      (path) => LINE + path
    )
    const { results } = (await post('/objects/value', { elementIds: ids })).json
    const [speed, empty, limit, , note, current, motor, whole] = results.map(({ result }: { result: Vqt }) => result)
    t.match(speed, { value: null, quality: 'Bad' })
    t.match(empty, { value: null, quality: 'GoodNoData' })
    t.match(limit, { value: null, quality: 'Bad' }, 'JSON has no infinity')
    t.match(note, { value: '5', quality: 'Good' }, 'a text that reads as a number stays a text')
    t.match(current, { value: 3.5, quality: 'Uncertain' })
    t.match(motor, { value: { Current: 3.5, Log: [1, 2] }, quality: 'Uncertain' })
    t.equal(whole.quality, 'Uncertain')
    t.strictSame(Object.keys(whole.value).sort(), ['Count', 'Motor', 'Note'])
    const { text } = await post('/objects/value', { elementIds: [`${LINE}#Count`] })
    t.match(text, '"value":18446744073709551615', 'with all its digits')
  }
)

t.test('[maxDepth] components are given to the depth that was asked for', async (t) => {
  const { post } = await lineHub(t)
  const componentsAt = async (maxDepth: number) => {
    const { result } = (await post('/objects/value', { elementIds: [LINE], maxDepth })).json.results[0]
    for (const [id, vqt] of Object.entries(result.components ?? {})) t.ok(isVqt(vqt as Vqt), id)
    return Object.keys(result.components ?? {}).map((id) => id.slice(LINE.length))
  }
  const top = ['#Speed', '#Count', '#Limit', '#Empty', '#Note', '#Motor']
  t.strictSame(await componentsAt(1), [])
  t.strictSame(await componentsAt(2), top)
  t.strictSame(await componentsAt(3), [...top, '#Motor.Current', '#Motor.Log'])
  const all = [...top, '#Motor.Current', '#Motor.Log', '#Motor.Log[0]', '#Motor.Log[1]']
  t.strictSame(await componentsAt(0), all)
  const leaf = (await post('/objects/value', { elementIds: [`${LINE}#Speed`, SHELL], maxDepth: 0 })).json.results
  t.notOk('components' in leaf[0].result)
  t.match(leaf[1].result, { isComposition: false, value: null, quality: 'GoodNoData' }, 'children are no components')
})

t.test('[objects/history] values of the period, ascending; GoodNoData where there are none', async (t) => {
  const { post, put } = await lineHub(t)
  const updates = ['12:00:01', '12:00:00', '12:00:02.000000001'].map((time, at) => ({
    elementId: `${LINE}#Speed`,
    value: { value: at + 0.5, quality: at === 1 ? 'Uncertain' : 'Good', timestamp: timeOf(time) }
  }))
  isBulk(
    t,
    await put('/objects/history', { updates }),
    updates.map(({ elementId }) => elementId),
    []
  )
  const period = { startTime: timeOf('12:00:00'), endTime: timeOf('12:00:02') }
  const ids = [`${LINE}#Speed`, `${LINE}#Empty`, LINE, SHELL, NOWHERE]
  const reply = await post('/objects/history', { elementIds: ids, ...period })
  isBulk(t, reply, ids, [NOWHERE])
  const [speed, empty, whole, shell] = reply.json.results.map(({ result }: { result: unknown }) => result)
  t.strictSame(speed, {
    isComposition: false,
    values: [
      { value: 1.5, quality: 'Uncertain', timestamp: timeOf('12:00:00.000') },
      { value: 0.5, quality: 'Good', timestamp: timeOf('12:00:01.000') }
    ]
  })
  const none = [{ value: null, quality: 'GoodNoData', timestamp: timeOf('12:00:02.000') }]
  t.strictSame(empty, { isComposition: false, values: none })
  t.strictSame(whole, { isComposition: true, values: none })
  t.strictSame(shell, { isComposition: false, values: none })
  const deep = await post('/objects/history', { elementIds: [LINE], ...period, maxDepth: 0 })
  const { values, components } = deep.json.results[0].result
  t.strictSame(values, [])
  t.equal(components[`${LINE}#Speed`].values.length, 2)
  t.strictSame(components[`${LINE}#Motor.Current`].values, none)
  for (const body of [
    { startTime: period.startTime },
    { ...period, endTime: 'now' },
    { startTime: period.endTime, endTime: period.startTime }
  ]) {
    isFailure(t, await post('/objects/history', { elementIds: ids, ...body }), 400)
  }
})

t.test('[PUT objects/history] a record is created, or replaced, and never becomes the current value', async (t) => {
  const { post, put } = await lineHub(t)
  const elementId = `${LINE}#Speed`
  const write = (value: unknown, timestamp?: string) =>
    put('/objects/history', { updates: [{ elementId, value: { value, quality: 'Good', timestamp } }] })
  const period = { startTime: timeOf('00:00:00'), endTime: timeOf('23:00:00') }
  await write(7, timeOf('12:00:00'))
  await write(8, timeOf('12:00:00'))
  const { values } = (await post('/objects/history', { elementIds: [elementId], ...period })).json.results[0].result
  t.match(values, [{ value: 8 }])
  t.equal(values.length, 1)
  t.match((await post('/objects/value', { elementIds: [elementId] })).json.results[0].result, { value: 5.5 })
  const without = (await write(7)).json
  t.match(without, { success: false, results: [{ responseDetail: { status: 400, detail: /^timestamp/ } }] })
})

t.test('[PUT objects/value] each item is written or refused by itself', async (t) => {
  const { post, put } = await lineHub(t)
  const items: readonly (readonly [elementId: string, value: unknown, status?: number])[] = [
    [`${LINE}#Speed`, { value: 6.5 }],
    [`${LINE}#Count`, { value: 'many' }, 400],
    [NOWHERE, { value: 1 }, 404],
    [`${LINE}#Nothing`, { value: 1 }, 404],
    [SHELL, { value: 1 }, 400],
    [`${LINE}#Motor.Current`, { value: null }, 400],
    [`${LINE}#Motor.Current`, { value: 1, quality: 'Bad' }, 400],
    [`${LINE}#Motor.Current`, { value: 1, timestamp: 'yesterday' }, 400],
    [`${LINE}#Motor.Current`, 1, 400],
    [`${LINE}#Motor.Log[0]`, { value: 9, quality: 'Uncertain', timestamp: new Date().toISOString() }]
  ]
  const updates = items.map(([elementId, value]) => ({ elementId, value }))
  const { status, json } = await put('/objects/value', { updates })
  t.equal(status, 200)
  t.equal(json.success, false)
  for (const [index, [elementId, value, refused]] of items.entries()) {
    const item = json.results[index]
    const what = `${elementId} ${JSON.stringify(value)}: ${JSON.stringify(item)}`
    t.equal(item.elementId, elementId)
    t.equal(item.responseDetail?.status, refused, what)
    if (refused === undefined) t.strictSame(item, { success: true, elementId, result: null })
  }
  const read = await post('/objects/value', { elementIds: [`${LINE}#Speed`, `${LINE}#Motor.Log[0]`] })
  t.match(read.json.results, [
    { result: { value: 6.5, quality: 'Good' } },
    { result: { value: 9, quality: 'Uncertain' } }
  ])
  const many = Array.from({ length: 250 }, (_, at) => ({
    elementId: `${LINE}#Count`,
    value: { value: at % 2 ? at : 'x' }
  }))
  const bulk = await put('/objects/value', { updates: many })
  t.strictSame(
    bulk.json.results.map(({ success }: { success: boolean }) => success),
    many.map(({ value }) => value.value !== 'x')
  )
})

t.test('[PUT objects/value] an object with components is written as a whole, or not at all', async (t) => {
  const { post, put } = await lineHub(t)
  const write = async (elementId: string, value: unknown) =>
    (await put('/objects/value', { updates: [{ elementId, value: { value } }] })).json.results[0]
  const read = async (elementId: string) =>
    (await post('/objects/value', { elementIds: [elementId] })).json.results[0].result.value
  for (const elementId of [LINE, `${LINE}#Motor`]) {
    const before = await read(elementId)
    t.match(await write(elementId, before), { success: true, result: null }, `${elementId} back to itself`)
    t.strictSame(await read(elementId), before)
  }
  t.match(await write(`${LINE}#Motor`, { Current: 4.5, Log: [3, 4] }), { success: true })
  t.strictSame(await read(`${LINE}#Motor`), { Current: 4.5, Log: [3, 4] })
  t.match(await write(`${LINE}#Motor`, { Current: 1 }), {
    success: false,
    responseDetail: { status: 400, detail: /Log/ }
  })
  t.match(await write(`${LINE}#Motor`, { Current: 1, Log: [1, 'two'] }), {
    success: false,
    responseDetail: { status: 400 }
  })
  t.match(await write(`${LINE}#Motor`, { Current: 1, Log: [1], More: 1 }), { success: false })
  t.match(await write(`${LINE}#Motor`, 7), { success: false, responseDetail: { status: 400 } })
  t.strictSame(await read(`${LINE}#Motor`), { Current: 4.5, Log: [3, 4] }, 'nothing of that was written')
})
