import t, { type Test } from 'tap'
import { type Running, start } from './harness.ts'

const external = (value: string) => ({ type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] })
const property = (idShort: string, valueType: string, value: string, more: object = {}) => ({
  modelType: 'Property',
  idShort,
  valueType,
  value,
  ...more
})
const field = (name: string) => ({ $field: name })
const str = (value: string) => ({ $strVal: value })
const num = (value: number) => ({ $numVal: value })

const submodels = [
  {
    modelType: 'Submodel',
    id: 'urn:press',
    idShort: 'Press',
    semanticId: external('urn:sem:drive'),
    supplementalSemanticIds: [external('urn:sem:old-drive'), external('urn:sem:machine')],
    submodelElements: [
      property('speed', 'xs:double', '12.50', {
        semanticId: external('urn:sem:speed'),
        supplementalSemanticIds: [external('urn:sem:rpm')]
      }),
      property('made', 'xs:dateTime', '2024-02-29T10:00:00+09:00'),
      property('code', 'xs:string', 'Ab-42'),
      property('on', 'xs:boolean', 'true'),
      {
        modelType: 'MultiLanguageProperty',
        idShort: 'title',
        value: [
          { language: 'ko', text: '프레스' },
          { language: 'en', text: 'press' }
        ]
      },
      {
        modelType: 'SubmodelElementList',
        idShort: 'documents',
        typeValueListElement: 'SubmodelElementCollection',
        value: [
          {
            modelType: 'SubmodelElementCollection',
            value: [property('kind', 'xs:string', 'manual'), property('pages', 'xs:int', '10')]
          },
          {
            modelType: 'SubmodelElementCollection',
            value: [property('kind', 'xs:string', 'drawing'), property('pages', 'xs:int', '2')]
          }
        ]
      }
    ]
  },
  {
    modelType: 'Submodel',
    id: 'urn:robot',
    idShort: 'Robot',
    submodelElements: [property('speed', 'xs:double', '3'), property('code', 'xs:string', '7')]
  },
  { modelType: 'Submodel', id: 'urn:empty', idShort: 'Empty' }
]
const shells = [
  {
    modelType: 'AssetAdministrationShell',
    id: 'urn:shell:press',
    idShort: 'PressShell',
    assetInformation: {
      assetKind: 'Instance',
      assetType: 'machine',
      globalAssetId: 'urn:asset:press',
      specificAssetIds: [
        { name: 'serial', value: '1', externalSubjectId: external('urn:maker') },
        { name: 'batch', value: '2' }
      ]
    },
    submodels: [{ type: 'ModelReference', keys: [{ type: 'Submodel', value: 'urn:press' }] }]
  },
  {
    modelType: 'AssetAdministrationShell',
    id: 'urn:shell:robot',
    assetInformation: { assetKind: 'Type', globalAssetId: 'urn:asset:robot' }
  }
]

async function plant(t: Test): Promise<Running> {
  const hub = await start(t)
  for (const submodel of submodels) t.equal((await hub.post('/submodels', submodel)).status, 201)
  for (const shell of shells) t.equal((await hub.post('/shells', shell)).status, 201)
  await hub.post('/concept-descriptions', { modelType: 'ConceptDescription', id: 'urn:concept', idShort: 'Concept' })
  await hub.post('/submodel-descriptors', {
    id: 'urn:far',
    idShort: 'Far',
    endpoints: [{ interface: 'SUBMODEL-3.1', protocolInformation: { href: 'https://far/sm' } }]
  })
  return hub
}

type Expected = [condition: object, ids: string[]]

async function expectAll(t: Test, hub: Running, path: string, expected: Expected[]): Promise<void> {
  for (const [condition, ids] of expected) {
    const reply = await hub.post(`/query/${path}`, { $select: 'id', $condition: condition })
    t.same(
      reply.json.result?.toSorted(),
      ids.toSorted(),
      `${path} ${JSON.stringify(condition)} ${reply.status === 200 ? '' : reply.text}`
    )
  }
}

const PRESS = 'urn:press'
const ROBOT = 'urn:robot'
const EMPTY = 'urn:empty'

t.test('every operator, cast and field of submodels finds what it should', async (t) => {
  const hub = await plant(t)
  await expectAll(t, hub, 'submodels', [
    [{ $eq: [field('$sm#idShort'), str('Press')] }, [PRESS]],
    [{ $eq: [field('$sm#id'), str(ROBOT)] }, [ROBOT]],
    [{ $ne: [field('$sm#idShort'), str('Press')] }, [ROBOT, EMPTY]],
    [{ $eq: [field('$sm#semanticId'), str('urn:sem:drive')] }, [PRESS]],
    [{ $eq: [field('$sm#semanticId.type'), str('ExternalReference')] }, [PRESS]],
    [{ $eq: [field('$sm#semanticId.keys[0].value'), str('urn:sem:drive')] }, [PRESS]],
    [{ $eq: [field('$sm#semanticId.keys[].type'), str('GlobalReference')] }, [PRESS]],
    [{ $eq: [field('$sm#supplementalSemanticIds'), str('urn:sem:machine')] }, [PRESS]],
    [{ $eq: [field('$sm#supplementalSemanticIds[0].keys[0].value'), str('urn:sem:machine')] }, []],
    [{ $eq: [field('$sm#supplementalSemanticIds[].keys[].type'), str('GlobalReference')] }, [PRESS]],
    [{ $eq: [field('$sme#supplementalSemanticIds'), str('urn:sem:rpm')] }, [PRESS]],
    [{ $eq: [field('$sme.code#supplementalSemanticIds'), str('urn:sem:rpm')] }, []],
    [
      {
        $match: [
          { $eq: [field('$sme#supplementalSemanticIds[].keys[].value'), str('urn:sem:rpm')] },
          { $gt: [field('$sme#value'), num(12)] }
        ]
      },
      [PRESS]
    ],
    [{ $eq: [field('$sme.speed#value'), num(12.5)] }, [PRESS]],
    [{ $eq: [num(3), field('$sme.speed#value')] }, [ROBOT]],
    [{ $gt: [field('$sme.speed#value'), num(3)] }, [PRESS]],
    [{ $ge: [field('$sme.speed#value'), num(3)] }, [PRESS, ROBOT]],
    [{ $lt: [field('$sme.speed#value'), num(3)] }, []],
    [{ $le: [field('$sme.speed#value'), num(3)] }, [ROBOT]],
    [{ $eq: [field('$sme.code#value'), str('Ab-42')] }, [PRESS]],
    [{ $lt: [field('$sme.code#value'), num(100)] }, [ROBOT]],
    [{ $eq: [field('$sme.title#value'), str('프레스')] }, [PRESS]],
    [{ $eq: [field('$sme.title#language'), str('en')] }, [PRESS]],
    [{ $eq: [field('$sme.on#value'), { $boolean: true }] }, [PRESS]],
    [{ $eq: [field('$sme#idShort'), str('pages')] }, [PRESS]],
    [{ $eq: [field('$sme#semanticId'), str('urn:sem:speed')] }, [PRESS]],
    [{ $eq: [field('$sme.speed#valueType'), str('xs:double')] }, [PRESS, ROBOT]],
    [{ $eq: [field('$sme.documents[].kind#value'), str('manual')] }, [PRESS]],
    [{ $eq: [field('$sme.documents[1].kind#value'), str('manual')] }, []],
    [{ $contains: [field('$sme.code#value'), str('b-4')] }, [PRESS]],
    [{ '$starts-with': [field('$sme.code#value'), str('Ab')] }, [PRESS]],
    [{ '$ends-with': [field('$sme.code#value'), str('42')] }, [PRESS]],
    [{ $regex: [field('$sme.code#value'), str('^[A-Z].*[0-9]+$')] }, [PRESS]],
    [{ $contains: [{ $strCast: field('$sme.speed#value') }, str('2.5')] }, [PRESS]],
    [{ $eq: [{ $numCast: field('$sme.code#value') }, num(7)] }, [ROBOT]],
    [{ $eq: [{ $hexCast: num(255) }, { $hexVal: '16#FF' }] }, [PRESS, ROBOT, EMPTY]],
    [{ $eq: [{ $boolCast: field('$sme.on#value') }, { $boolean: true }] }, [PRESS]],
    [{ $eq: [field('$sme.made#value'), { $dateTimeVal: '2024-02-29T01:00:00Z' }] }, [PRESS]],
    [{ $lt: [{ $dateTimeCast: field('$sme.made#value') }, { $dateTimeVal: '2024-03-01T00:00:00Z' }] }, [PRESS]],
    [{ $eq: [{ $timeCast: { $dateTimeVal: '2024-02-29T13:20:00Z' } }, { $timeVal: '13:20' }] }, [PRESS, ROBOT, EMPTY]],
    [{ $eq: [{ $year: '2024-02-29T13:20:00Z' }, num(2024)] }, [PRESS, ROBOT, EMPTY]],
    [{ $eq: [{ $month: '2024-02-29T13:20:00Z' }, num(2)] }, [PRESS, ROBOT, EMPTY]],
    [{ $eq: [{ $dayOfMonth: '2024-02-29T13:20:00Z' }, num(29)] }, [PRESS, ROBOT, EMPTY]],
    [{ $eq: [{ $dayOfWeek: '2024-02-29T13:20:00Z' }, num(4)] }, [PRESS, ROBOT, EMPTY]],
    [{ $boolean: false }, []],
    [{ $not: { $eq: [field('$sm#idShort'), str('Press')] } }, [ROBOT, EMPTY]],
    [{ $and: [{ $ge: [field('$sme.speed#value'), num(3)] }, { $eq: [field('$sm#idShort'), str('Robot')] }] }, [ROBOT]],
    [
      { $or: [{ $eq: [field('$sm#idShort'), str('Robot')] }, { $eq: [field('$sme.speed#value'), num(12.5)] }] },
      [PRESS, ROBOT]
    ],
    [
      {
        $and: [
          { $eq: [field('$sme.documents[].kind#value'), str('manual')] },
          { $eq: [field('$sme.documents[].pages#value'), num(2)] }
        ]
      },
      [PRESS]
    ],
    [
      {
        $match: [
          { $eq: [field('$sme.documents[].kind#value'), str('manual')] },
          { $eq: [field('$sme.documents[].pages#value'), num(2)] }
        ]
      },
      []
    ],
    [
      {
        $match: [
          { $eq: [field('$sme.documents[].kind#value'), str('manual')] },
          { $eq: [field('$sme.documents[].pages#value'), num(10)] }
        ]
      },
      [PRESS]
    ],
    [{ $eq: [field('$aas#idShort'), str('PressShell')] }, [PRESS]]
  ])
})

t.test('shells are found by what they say and by what their submodels say', async (t) => {
  const hub = await plant(t)
  await expectAll(t, hub, 'shells', [
    [{ $eq: [field('$aas#idShort'), str('PressShell')] }, ['urn:shell:press']],
    [{ $eq: [field('$aas#id'), str('urn:shell:robot')] }, ['urn:shell:robot']],
    [{ $eq: [field('$aas#assetInformation.assetKind'), str('Type')] }, ['urn:shell:robot']],
    [{ $eq: [field('$aas#assetInformation.assetType'), str('machine')] }, ['urn:shell:press']],
    [{ $eq: [field('$aas#assetInformation.globalAssetId'), str('urn:asset:robot')] }, ['urn:shell:robot']],
    [
      {
        $match: [
          { $eq: [field('$aas#assetInformation.specificAssetIds[].name'), str('serial')] },
          { $eq: [field('$aas#assetInformation.specificAssetIds[].value'), str('1')] }
        ]
      },
      ['urn:shell:press']
    ],
    [
      {
        $match: [
          { $eq: [field('$aas#assetInformation.specificAssetIds[].name'), str('serial')] },
          { $eq: [field('$aas#assetInformation.specificAssetIds[].value'), str('2')] }
        ]
      },
      []
    ],
    [
      { $eq: [field('$aas#assetInformation.specificAssetIds[].externalSubjectId'), str('urn:maker')] },
      ['urn:shell:press']
    ],
    [{ $eq: [field('$aas#submodels[].keys[].value'), str('urn:press')] }, ['urn:shell:press']],
    [{ $gt: [field('$sme.speed#value'), num(3)] }, ['urn:shell:press']],
    [{ $eq: [field('$sm#idShort'), str('Robot')] }, []]
  ])
})

t.test('descriptors, registered and derived, and concept descriptions are found', async (t) => {
  const hub = await plant(t)
  await expectAll(t, hub, 'submodel-descriptors', [
    [{ $eq: [field('$smdesc#idShort'), str('Far')] }, ['urn:far']],
    [{ $eq: [field('$smdesc#id'), str('urn:robot')] }, ['urn:robot']],
    [{ $eq: [field('$smdesc#semanticId'), str('urn:sem:drive')] }, ['urn:press']],
    [{ $eq: [field('$smdesc#endpoints[].protocolinformation.href'), str('https://far/sm')] }, ['urn:far']],
    [{ $eq: [field('$smdesc#endpoints[].interface'), str('SUBMODEL-3.1')] }, ['urn:far', PRESS, ROBOT, EMPTY]]
  ])
  await expectAll(t, hub, 'shell-descriptors', [
    [{ $eq: [field('$aasdesc#assetKind'), str('Type')] }, ['urn:shell:robot']],
    [{ $eq: [field('$aasdesc#globalAssetId'), str('urn:asset:press')] }, ['urn:shell:press']],
    [{ $eq: [field('$aasdesc#submodelDescriptors[].id'), str('urn:press')] }, ['urn:shell:press']],
    [{ $eq: [field('$aasdesc#specificAssetIds[].name'), str('batch')] }, ['urn:shell:press']]
  ])
  await expectAll(t, hub, 'concept-descriptions', [
    [{ $eq: [field('$cd#idShort'), str('Concept')] }, ['urn:concept']],
    [{ $eq: [field('$cd#id'), str('urn:other')] }, []]
  ])
})

t.test('values that cannot be cast do not match, and the query does not fail', async (t) => {
  const hub = await plant(t)
  await expectAll(t, hub, 'submodels', [
    [{ $eq: [{ $numCast: str('no number') }, num(1)] }, []],
    [{ $eq: [{ $dateTimeCast: field('$sme.code#value') }, { $dateTimeVal: '2024-02-29T01:00:00Z' }] }, []],
    [{ $eq: [num(13), str('13')] }, []]
  ])
})

t.test('results are pages of whole documents, each once, with their type', async (t) => {
  const hub = await plant(t)
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const { json, status } = await hub.post(
      `/query/submodels?limit=1${cursor === undefined ? '' : `&cursor=${cursor}`}`,
      { $condition: { $boolean: true } }
    )
    t.equal(status, 200)
    t.equal(json.paging_metadata.resultType, 'Submodel')
    seen.push(...json.result.map(({ id }: { id: string }) => id))
    cursor = json.paging_metadata.cursor
  } while (cursor !== undefined)
  t.same(seen, [PRESS, ROBOT, EMPTY])
  t.equal((await hub.post('/query/submodels?cursor=garbled', { $condition: { $boolean: true } })).status, 400)
})

t.test('a changed value is found by what it is now', async (t) => {
  const hub = await plant(t)
  await hub.patch(`/submodels/${Buffer.from(ROBOT).toString('base64url')}/submodel-elements/speed/$value`, 99)
  await expectAll(t, hub, 'submodels', [
    [{ $eq: [field('$sme.speed#value'), num(3)] }, []],
    [{ $eq: [field('$sme.speed#value'), num(99)] }, [ROBOT]],
    [{ $gt: [field('$sme.speed#value'), num(50)] }, [ROBOT]]
  ])
})

t.test('a malformed query is refused with what is wrong and where', async (t) => {
  const hub = await start(t)
  const wrong: [unknown, RegExp][] = [
    [{}, /"\$condition"/],
    [{ $condition: {} }, /exactly one member/],
    [{ $condition: { $boolean: true }, more: 1 }, /is not allowed here/],
    [{ $select: 'all', $condition: { $boolean: true } }, /"id" was expected/],
    [{ $condition: { $equals: [] } }, /did you mean "\$eq"|allowed/],
    [{ $condition: { $eq: [field('$sm#idshort'), str('x')] } }, /did you mean "idShort"/],
    [{ $condition: { $eq: [field('$sm.path#idShort'), str('x')] } }, /AASa-005/],
    [{ $condition: { $eq: [field('$sm#idShort')] } }, /two operands/],
    [{ $condition: { $and: [{ $boolean: true }] } }, /at least 2/],
    [{ $condition: { $eq: [field('$sm#idShort'), str('$x')] } }, /does not begin with/],
    [{ $condition: { $eq: [field('$sm#idShort'), { $dateTimeVal: 'yesterday' }] } }, /date and time/],
    [{ $condition: { $contains: [field('$sm#idShort'), num(1)] } }, /is not allowed here/],
    [{ $condition: { $regex: [field('$sm#idShort'), str('(')] } }, /regular expression/],
    [{ $condition: { $match: [{ $eq: [field('$aas#idShort'), str('x')] }] } }, /no list/],
    [[], /JSON object/]
  ]
  for (const [query, why] of wrong) {
    t.match(
      await hub.post('/query/submodels', query),
      { status: 400, json: { messages: [{ text: why }] } },
      JSON.stringify(query)
    )
  }
})

t.test('a malicious query is refused quickly', async (t) => {
  const hub = await start(t)
  let deep: object = { $boolean: true }
  for (let level = 0; level < 1000; level++) deep = { $not: deep }
  const wide = { $or: Array.from({ length: 10_000 }, () => ({ $eq: [field('$sm#idShort'), str('x')] })) }
  const evil = { $regex: [field('$sm#idShort'), str(`(${'a?'.repeat(2000)}){1000}`)] }
  for (const condition of [deep, wide, evil]) {
    const began = Date.now()
    t.equal((await hub.post('/query/submodels', { $condition: condition })).status, 400)
    t.ok(Date.now() - began < 20_000)
  }
})

t.test('a query that takes too long ends its page early, and goes on with the next one', async (t) => {
  const hub = await start(t, { QUERY_TIMEOUT: '1ms' })
  const count = 300
  for (let number = 0; number < count; number++) {
    const text = property('text', 'xs:string', `${'a'.repeat(2000)}${number}`)
    await hub.post('/submodels', { modelType: 'Submodel', id: `urn:${number}`, submodelElements: [text] })
  }
  const condition = { $regex: [field('$sme.text#value'), str('(a|aa)*[0-4]$')] }
  const found: string[] = []
  let pages = 0
  for (let cursor: string | undefined = ''; cursor !== undefined; pages++) {
    const { json, status } = await hub.post(`/query/submodels?limit=1000&cursor=${cursor}`, { $condition: condition })
    t.equal(status, 200)
    for (const { id } of json.result) found.push(id)
    cursor = json.paging_metadata.cursor
  }
  t.ok(pages > 1, `${pages} pages`)
  t.equal(found.length, count / 2)
  t.equal(new Set(found).size, count / 2)
})
