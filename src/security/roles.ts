/** The built-in roles, as access rules of Part 4. A caller has those that its claim `role` names. */

/** One document per role: each can be printed, changed and used as a file of its own. */
export const roles: Readonly<Record<string, object>> = {
  administrator: ruleModel('administrator', [{ rights: ['ALL'], objects: [route('*')] }]),

  engineer: ruleModel('engineer', [
    {
      rights: ['ALL'],
      objects: [
        ...['$aas("*")', '$sm("*")', '$cd("*")'].map((IDENTIFIABLE) => ({ IDENTIFIABLE })),
        ...['$aasdesc("*")', '$smdesc("*")'].map((DESCRIPTOR) => ({ DESCRIPTOR })),
        route('/bulk/*'),
        ...[
          '/upload',
          '/validate',
          '/repair',
          '/connections',
          '/connections/*',
          '/certificates',
          '/certificates/*'
        ].map(route),
        ...descriptionRoutes(),
        ...dataRoutes()
      ]
    }
  ]),

  operator: ruleModel('operator', [
    {
      rights: ['READ', 'VIEW'],
      objects: [
        ...['$aas("*")', '$sm("*")', '$cd("*")'].map((IDENTIFIABLE) => ({ IDENTIFIABLE })),
        ...['$aasdesc("*")', '$smdesc("*")'].map((DESCRIPTOR) => ({ DESCRIPTOR })),
        ...descriptionRoutes(),
        ...dataRoutes()
      ]
    },
    { rights: ['EXECUTE'], objects: [{ IDENTIFIABLE: '$sm("*")' }] },
    // Values, not structure.
    {
      rights: ['UPDATE'],
      objects: ['/submodels', '/shells/*/submodels'].flatMap((path) => [
        route(`${path}/*/$value`),
        route(`${path}/*/submodel-elements/*/$value`)
      ])
    }
  ]),

  gateway: withScopes(
    ruleModel('gateway', [
      { rights: ['CREATE', 'UPDATE'], objects: pushRoutes() },
      { rights: ['UPDATE'], objects: elementValueRoutes() },
      { rights: ['READ'], objects: descriptionRoutes() }
    ])
  ),

  auditor: ruleModel('auditor', [
    { rights: ['READ', 'VIEW'], objects: [route('*')] },
    // The hub examines itself in its own name; what it stores for that it removes again.
    { rights: ['EXECUTE'], objects: [route('/compliance')] }
  ])
}

interface RoleRule {
  readonly rights: readonly string[]
  readonly objects: readonly object[]
}

function ruleModel(role: string, rules: readonly RoleRule[]) {
  const formula = { $eq: [{ $attribute: { CLAIM: 'role' } }, { $strVal: role }] }
  return {
    AllAccessPermissionRules: {
      DEFATTRIBUTES: [{ name: 'role', attributes: [{ CLAIM: 'role' }] }],
      DEFFORMULAS: [{ name: role, formula }],
      rules: rules.map(({ rights, objects }) => ({
        ACL: { USEATTRIBUTES: 'role', RIGHTS: rights, ACCESS: 'ALLOW' },
        OBJECTS: objects,
        USEFORMULA: role
      }))
    }
  }
}

/**
 * API keys may be limited to submodels: their claims `hub.push` and `hub.read` are ids of submodels that samples may be
 * pushed to, and that may be read. No token can bring these claims.
 */
function withScopes({ AllAccessPermissionRules: model }: ReturnType<typeof ruleModel>): object {
  const scope = (claim: string) => ({ $eq: [{ $field: '$sm#id' }, { $attribute: { CLAIM: claim } }] })
  const rule = (claim: string, rights: readonly string[], objects: readonly object[]) => ({
    ACL: { ATTRIBUTES: [{ CLAIM: claim }], RIGHTS: rights, ACCESS: 'ALLOW' },
    OBJECTS: objects,
    FORMULA: scope(claim)
  })
  return {
    AllAccessPermissionRules: {
      ...model,
      rules: [
        ...model.rules,
        rule('hub.push', ['CREATE', 'UPDATE'], [...pushRoutes(), ...elementValueRoutes()]),
        rule('hub.read', ['READ', 'VIEW'], [{ IDENTIFIABLE: '$sm("*")' }])
      ]
    }
  }
}

function pushRoutes(): object[] {
  return ['/ingest', '/write', '/api/v2/write', '/stream'].map(route)
}

function elementValueRoutes(): object[] {
  return ['/submodels', '/shells/*/submodels'].map((path) => route(`${path}/*/submodel-elements/*/$value`))
}

/** The hub's own endpoints for samples and history. */
function dataRoutes(): object[] {
  return ['/ingest', '/stream', '/events', '/timeseries', '/dataset'].map(route)
}

/** Of the hub, and of the services that have a base URL of their own. */
function descriptionRoutes(): object[] {
  return ['', '/aas-services/*', '/submodel-services/*', '/template-repository'].map((base) =>
    route(`${base}/description`)
  )
}

/** Held against the path of the request, with and without the prefix of the API. */
function route(path: string): object {
  return { ROUTE: path }
}
