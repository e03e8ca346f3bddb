// Seeded generator of GraphQL documents over a schema: valid by construction, then each broken in one place.
// Nothing here knows which are valid: graphql-js is the judge.

import * as g from 'graphql';

/** mulberry32: small, seeded, the same on every machine. */
export function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n) => Math.floor(next() * n);
  return { next, below, chance: (p) => next() < p, pick: (list) => list[below(list.length)] };
}

/** A document that is meant to be valid. */
class Writer {
  constructor(schema, rng, options) {
    // `values`: known values of arguments and input fields, by name.
    Object.assign(this, { schema, rng, depth: 4, width: 4, values: {}, ...options });
    this.variables = new Map();
    this.fragments = new Map();
    this.memo = new Map();
    this.provided = {};
    this.aliases = 0;
  }

  document(kind) {
    const type = { query: this.schema.getQueryType(), mutation: this.schema.getMutationType(), subscription: this.schema.getSubscriptionType() }[kind];
    const selection = kind === 'subscription' ? `{ ${this.field(type, this.rng.pick(Object.values(type.getFields())), this.depth, true)} }` : this.selection(type, this.depth);
    const defined = [...this.variables].map(([name, v]) => `$${name}: ${v.type}${v.fallback ?? ''}`).join(', ');
    const fragments = [...this.fragments].map(([name, f]) => `\nfragment ${name} on ${f.on} ${f.body}`).join('');
    return { text: `${kind} Made${defined && `(${defined})`} ${selection}${fragments}\n`, variables: this.provided };
  }

  selection(type, depth) {
    const count = 1 + this.rng.below(this.width);
    const items = [];
    for (let i = 0; i < count; i++) items.push(this.item(type, depth));
    return `{ ${items.join(' ')} }`;
  }

  item(type, depth) {
    const { rng } = this;
    const roll = rng.next();
    if (roll < 0.06) return `${rng.chance(0.3) ? `t${this.aliases++}: ` : ''}__typename${this.directives()}`;
    if (roll < 0.2 && depth > 0) {
      const on = this.conditionFor(type);
      return `...${on ? ` on ${on.name}` : ''}${this.directives()} ${this.selection(on ?? type, depth - 1)}`;
    }
    if (roll < 0.34 && depth > 0) return this.spread(type, depth);
    const fields = g.isUnionType(type) ? [] : Object.values(type.getFields());
    const usable = fields.filter((field) => depth > 0 || g.isLeafType(g.getNamedType(field.type)));
    return usable.length ? this.field(type, rng.pick(usable), depth) : '__typename';
  }

  /** A type that a fragment on this type may name; none for a fragment without condition. */
  conditionFor(type) {
    const { rng, schema } = this;
    if (rng.chance(0.2)) return undefined;
    if (g.isAbstractType(type)) {
      const possible = [...schema.getPossibleTypes(type), ...(schema.getImplementations?.(type).interfaces ?? []), type];
      return rng.pick(possible);
    }
    return rng.pick([type, ...type.getInterfaces()]);
  }

  spread(type, depth) {
    const { rng } = this;
    const suiting = [...this.fragments].filter(([, f]) => f.done && g.doTypesOverlap(this.schema, this.schema.getType(f.on), type));
    if (suiting.length && rng.chance(0.5)) return `...${rng.pick(suiting)[0]}${this.directives()}`;
    const name = `F${this.fragments.size}`;
    const on = this.conditionFor(type) ?? type;
    const fragment = { on: on.name, body: '', done: false };
    this.fragments.set(name, fragment);
    fragment.body = this.selection(on, depth - 1);
    fragment.done = true;
    return `...${name}${this.directives()}`;
  }

  field(type, field, depth, bare = false) {
    const { rng } = this;
    const named = g.getNamedType(field.type);
    // The same arguments for the same field, mostly: so that fields merge.
    const key = `${type.name}.${field.name}`;
    const known = this.memo.get(key);
    let args = known && rng.chance(0.85) ? known : this.arguments(field.args);
    this.memo.set(key, args);
    const alias = rng.chance(0.1) || (known !== undefined && args !== known) ? `a${this.aliases++}: ` : '';
    const body = g.isCompositeType(named) ? ` ${this.selection(named, depth - 1)}` : '';
    return `${alias}${field.name}${args}${bare ? '' : this.directives()}${body}`;
  }

  arguments(args) {
    const { rng } = this;
    const chosen = args.filter((arg) => g.isRequiredArgument(arg) || rng.chance(0.35));
    return chosen.length ? `(${chosen.map((arg) => `${arg.name}: ${this.value(arg.type, arg.defaultValue !== undefined, false, arg.name)}`).join(', ')})` : '';
  }

  directives() {
    const { rng } = this;
    if (!rng.chance(0.1)) return '';
    const value = rng.chance(0.6) ? this.variable(new g.GraphQLNonNull(g.GraphQLBoolean), false) : String(rng.chance(0.5));
    return ` @${rng.pick(['skip', 'include'])}(if: ${value})`;
  }

  value(type, hasDefault, constant, name) {
    const { rng } = this;
    if (!constant && rng.chance(0.3)) return this.variable(type, hasDefault, name);
    if (!g.isNonNullType(type) && rng.chance(0.08)) return 'null';
    return this.some(type, constant, name);
  }

  /** A known value of that name, mostly. */
  known(name) {
    const known = this.values[name];
    return known && this.rng.chance(0.9) ? this.rng.pick(known) : undefined;
  }

  /** A value that is not null. */
  some(type, constant, name) {
    const { rng } = this;
    if (g.isNonNullType(type)) return this.some(type.ofType, constant, name);
    if (g.isListType(type)) {
      if (rng.chance(0.2)) return this.some(type.ofType, constant, name);
      return `[${Array.from({ length: rng.below(3) }, () => this.value(type.ofType, false, constant, name)).join(', ')}]`;
    }
    if (g.isEnumType(type)) return rng.pick(type.getValues()).name;
    if (g.isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter((f) => g.isRequiredInputField(f) || rng.chance(0.3));
      return `{ ${fields.map((f) => `${f.name}: ${this.value(f.type, f.defaultValue !== undefined, constant, f.name)}`).join(', ')} }`;
    }
    const known = this.known(name);
    if (known !== undefined) return JSON.stringify(known);
    switch (type.name) {
      case 'Int': return String(rng.below(50));
      case 'Float': return rng.pick(['1.5', '2', '-0.5e3']);
      case 'Boolean': return String(rng.chance(0.5));
      case 'ID': return rng.pick(['"x1"', '7', '"a-b"']);
      case 'JSON': return rng.pick(['{ a: 1, b: [true, null] }', '[1, "x", { c: 2.5 }]', '"x"', '{}']);
      case 'Date': return '"2026-01-05"';
      case 'DateTime': return '"2026-01-05T08:00:00Z"';
      default: return rng.pick(['"x"', '"singkawang"', '"""block"""', '"\\u00e9\\n"', '""']);
    }
  }

  variable(type, hasDefault, use) {
    const { rng } = this;
    let declared = String(type);
    if (rng.chance(0.2) && !declared.endsWith('!')) declared += '!';
    let fallback;
    if (rng.chance(0.3)) fallback = ` = ${this.some(type, true, use)}`;
    if (fallback && declared.endsWith('!') && rng.chance(0.6)) declared = declared.slice(0, -1);
    if (!fallback && hasDefault && declared.endsWith('!') && rng.chance(0.5)) declared = declared.slice(0, -1);
    const reusable = [...this.variables].filter(([, v]) => v.type === declared);
    if (reusable.length && rng.chance(0.4)) return `$${rng.pick(reusable)[0]}`;
    const name = `v${this.variables.size}`;
    this.variables.set(name, { type: declared, fallback });
    if (!fallback || rng.chance(0.5)) {
      if (declared.endsWith('!') || rng.chance(0.6)) this.provided[name] = this.json(type, use);
    }
    return `$${name}`;
  }

  json(type, name) {
    const { rng } = this;
    if (g.isNonNullType(type)) return this.json(type.ofType, name);
    if (g.isListType(type)) return rng.chance(0.2) ? this.json(type.ofType, name) : Array.from({ length: rng.below(3) }, () => this.json(type.ofType, name));
    if (g.isEnumType(type)) return rng.pick(type.getValues()).name;
    if (g.isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter((f) => g.isRequiredInputField(f) || rng.chance(0.3));
      return Object.fromEntries(fields.map((f) => [f.name, this.json(f.type, f.name)]));
    }
    const known = this.known(name);
    if (known !== undefined) return known;
    switch (type.name) {
      case 'Int': return rng.below(50);
      case 'Float': return 1.5;
      case 'Boolean': return rng.chance(0.5);
      case 'JSON': return { a: [1] };
      case 'Date': return '2026-01-05';
      case 'DateTime': return '2026-01-05T08:00:00Z';
      default: return 'x';
    }
  }
}

/** Each breaks a document in one place, by the rule that it is named for. They return the new text, or nothing where they do not apply. */
const BREAKS = {
  FieldsOnCorrectType: (c) => c.edit('Field', (n) => ({ ...n, name: c.name(c.rng.pick(['nothing', 'number', 'id', 'status', 'nodes', '__schema', '__type', 'totalCount'])) })),
  ScalarLeafsWithout: (c) => c.edit('Field', (n) => n.selectionSet && { ...n, selectionSet: undefined }),
  ScalarLeafsWith: (c) => c.edit('Field', (n) => !n.selectionSet && { ...n, selectionSet: c.set('{ x }') }),
  KnownArgumentNames: (c) => c.edit('Field', (n) => ({ ...n, arguments: [...(n.arguments ?? []), c.argument('nothing: 1')] })),
  ProvidedRequiredArguments: (c) => c.edit('Field', (n) => n.arguments?.length && { ...n, arguments: n.arguments.slice(1) }),
  UniqueArgumentNames: (c) => c.edit('Field', (n) => n.arguments?.length && { ...n, arguments: [...n.arguments, n.arguments[0]] }),
  ValuesOfCorrectType: (c) => c.edit('Argument', (n) => ({ ...n, value: c.value(c.rng.pick(['1', '1.5', '"x"', 'true', 'NONE', 'null', '[1]', '["x", 1]', '{ a: 1 }', '[null]', '99999999999', '-0', '{}', '[[1]]', '[$nothing]', '{ a: $nothing }'])) })),
  ValuesOfObjectFields: (c) => c.edit('ObjectField', (n) => ({ ...n, value: c.value(c.rng.pick(['1', '"x"', 'null', 'NONE', '[1]', '{}', 'true'])) })),
  UnknownInputField: (c) => c.edit('ObjectValue', (n) => ({ ...n, fields: [...n.fields, c.objectField('nothing: 1')] })),
  MissingInputField: (c) => c.edit('ObjectValue', (n) => n.fields.length && { ...n, fields: n.fields.slice(1) }),
  UniqueInputFieldNames: (c) => c.edit('ObjectValue', (n) => n.fields.length && { ...n, fields: [...n.fields, n.fields[0]] }),
  VariablesInAllowedPosition: (c) => c.edit('VariableDefinition', (n) => ({ ...n, type: c.type(c.rng.pick(['Int', 'Int!', 'String', 'String!', '[Int]', '[String!]!', 'Boolean', 'Boolean!', 'ID', 'ID!', 'JSON', 'RequestFilter', 'Float'])) })),
  VariableNullable: (c) => c.edit('VariableDefinition', (n) => n.type.kind === 'NonNullType' ? { ...n, type: n.type.type } : { ...n, type: { kind: 'NonNullType', type: n.type } }),
  VariableDefaults: (c) => c.edit('VariableDefinition', (n) => ({ ...n, defaultValue: c.value(c.rng.pick(['null', '1', '"x"', 'true', '[]', '{}', 'NONE'])) })),
  VariablesAreInputTypes: (c) => c.edit('VariableDefinition', (n) => ({ ...n, type: c.type(c.rng.pick(['Request', 'Node!', '[Asset]', 'Nothing', '__Type'])) })),
  UniqueVariableNames: (c) => c.edit('OperationDefinition', (n) => n.variableDefinitions?.length && { ...n, variableDefinitions: [...n.variableDefinitions, n.variableDefinitions[0]] }),
  NoUndefinedVariables: (c) => c.edit('OperationDefinition', (n) => n.variableDefinitions?.length && { ...n, variableDefinitions: n.variableDefinitions.slice(1) }),
  NoUnusedVariables: (c) => c.edit('OperationDefinition', (n) => ({ ...n, variableDefinitions: [...(n.variableDefinitions ?? []), c.variable('$unused: Int')] })),
  KnownFragmentNames: (c) => c.edit('FragmentSpread', (n) => ({ ...n, name: c.name('Nowhere') })),
  NoUnusedFragments: (c) => `${c.text}\nfragment Unused on ${c.rng.pick(['Query', 'Request', 'Node'])} { __typename }`,
  UniqueFragmentNames: (c) => c.edit('FragmentDefinition', (n) => [n, n]),
  NoFragmentCycles: (c) => c.edit('FragmentDefinition', (n) => ({ ...n, selectionSet: { ...n.selectionSet, selections: [...n.selectionSet.selections, c.selection(`...${n.name.value}`)] } })),
  FragmentsOnCompositeTypes: (c) => c.edit(c.rng.pick(['FragmentDefinition', 'InlineFragment']), (n) => n.typeCondition && { ...n, typeCondition: c.type(c.rng.pick(['Int', 'RequestStatus', 'RequestFilter', 'JSON'])) }),
  KnownTypeNames: (c) => c.edit(c.rng.pick(['FragmentDefinition', 'InlineFragment']), (n) => n.typeCondition && { ...n, typeCondition: c.type('Nothing') }),
  PossibleFragmentSpreads: (c) => c.edit(c.rng.pick(['FragmentDefinition', 'InlineFragment']), (n) => n.typeCondition && { ...n, typeCondition: c.type(c.rng.pick(['Request', 'Node', 'Asset', 'Subdomain', 'Query', 'User', 'Mutation'])) }),
  OverlappingNames: (c) => c.edit('SelectionSet', (n) => {
    const fields = n.selections.filter((s) => s.kind === 'Field');
    if (fields.length < 2) return undefined;
    const [one, other] = [c.rng.pick(fields), c.rng.pick(fields)];
    return { ...n, selections: n.selections.map((s) => (s === one ? { ...s, alias: c.name((other.alias ?? other.name).value) } : s)) };
  }),
  OverlappingArguments: (c) => c.edit('SelectionSet', (n) => {
    const field = n.selections.find((s) => s.kind === 'Field' && s.arguments?.length);
    return field && { ...n, selections: [...n.selections, { ...field, arguments: field.arguments.slice(1) }] };
  }),
  OverlappingInFragments: (c) => c.edit('SelectionSet', (n) => {
    const fields = n.selections.filter((s) => s.kind === 'Field');
    if (fields.length < 2) return undefined;
    const [one, other] = [c.rng.pick(fields), c.rng.pick(fields)];
    const clash = { ...one, alias: c.name((other.alias ?? other.name).value) };
    return { ...n, selections: [...n.selections, { kind: 'InlineFragment', selectionSet: { kind: 'SelectionSet', selections: [clash] } }] };
  }),
  KnownDirectives: (c) => c.edit(c.rng.pick(['Field', 'OperationDefinition', 'FragmentDefinition', 'VariableDefinition', 'InlineFragment']), (n) => ({ ...n, directives: [...(n.directives ?? []), c.directive(c.rng.pick(['@nothing', '@skip(if: true)', '@deprecated', '@specifiedBy(url: "x")', '@include(if: false)', '@oneOf']))] })),
  UniqueDirectives: (c) => c.edit(c.rng.pick(['Field', 'InlineFragment', 'FragmentSpread']), (n) => ({ ...n, directives: [...(n.directives ?? []), c.directive('@skip(if: false)'), c.directive(c.rng.pick(['@skip(if: true)', '@include(if: true)']))] })),
  DirectiveArguments: (c) => c.edit(c.rng.pick(['Field', 'InlineFragment', 'FragmentSpread']), (n) => ({ ...n, directives: [c.directive(c.rng.pick(['@skip', '@include(if: null)', '@skip(if: 1)', '@skip(if: $nothing)', '@include(unless: true)', '@skip(if: true, if: false)']))] })),
  LoneAnonymousOperation: (c) => `${c.text}\n{ __typename }`,
  UniqueOperationNames: (c) => `${c.text}\nquery ${c.rng.pick(['Made', 'Other'])} { __typename }`,
  TwoOperations: (c) => `${c.text}\nquery Other($v0: ${c.rng.pick(['Int', 'String!', 'Boolean!'])}) { office(key: $v0) { key @skip(if: $v0) } requests(first: $v0) { totalCount } }`,
  ExecutableDefinitions: (c) => `${c.text}\n${c.rng.pick(['type Made { x: Int }', 'extend type Query { x: Int }', 'scalar Made', 'schema { query: Query }', 'directive @made on FIELD'])}`,
  SubscriptionRoot: (c) => c.edit('OperationDefinition', (n) => n.operation === 'subscription' && { ...n, selectionSet: { ...n.selectionSet, selections: [...n.selectionSet.selections, c.selection(c.rng.pick(['inboxChanges { waitingCount }', 'requestEvents { kind }', '__typename', '... { requestEvents { id } }', '... @skip(if: true) { requestEvents { id } }']))] } }),
  Tokens: (c) => {
    const tokens = c.text.match(/"""[^]*?"""|"(?:\\.|[^"\\])*"|\.\.\.|[A-Za-z_]\w*|-?[\d.]+\w*|\S/g);
    const at = c.rng.below(tokens.length);
    const insert = ['{', '}', '(', ')', ':', '$', '!', '...', 'on', 'null', '1', '"', '@', '[', ']', '=', '-', '.', '|', '&', 'fragment', 'query', '#', '\u00e9', ',', '%'];
    if (c.rng.chance(0.4)) tokens.splice(at, 1);
    else if (c.rng.chance(0.6)) tokens.splice(at, 0, c.rng.pick(insert));
    else tokens[at] = c.rng.pick(insert);
    return tokens.join(' ');
  },
};

class Breaker {
  constructor(text, rng) {
    this.text = text;
    this.rng = rng;
    this.document = g.parse(text, { noLocation: true });
  }

  /** Changes one node of a kind, chosen by chance. */
  edit(kind, change) {
    const found = [];
    g.visit(this.document, { [kind]: { enter: (node) => void found.push(node) } });
    // A few tries, since not every node of the kind suits.
    for (let i = 0; i < 5 && found.length; i++) {
      const node = this.rng.pick(found);
      const changed = change(node);
      if (!changed) continue;
      let done = false;
      if (Array.isArray(changed)) {
        const at = this.document.definitions.indexOf(node);
        return g.print({ ...this.document, definitions: this.document.definitions.toSpliced(at, 1, ...changed) });
      }
      const edited = g.visit(this.document, { [kind]: { enter: (seen) => (seen === node && !done ? ((done = true), changed) : undefined) } });
      return g.print(edited);
    }
    return undefined;
  }

  name(value) { return { kind: 'Name', value }; }
  value(text) { return g.parseValue(text, { noLocation: true }); }
  type(text) { return g.parseType(text, { noLocation: true }); }
  set(text) { return g.parse(text, { noLocation: true }).definitions[0].selectionSet; }
  selection(text) { return this.set(`{ ${text} }`).selections[0]; }
  argument(text) { return this.selection(`x(${text})`).arguments[0]; }
  objectField(text) { return this.value(`{ ${text} }`).fields[0]; }
  directive(text) { return this.selection(`x ${text}`).directives[0]; }
  variable(text) { return g.parse(`query(${text}) { x }`, { noLocation: true }).definitions[0].variableDefinitions[0]; }
}

/** Documents of a seed: `{ id, rule, text, variables }`. Every second one is broken. `values`: known values of arguments, by name. */
export function* documents(schema, seed, count, values = {}) {
  const rules = Object.keys(BREAKS);
  for (let i = 0; i < count; i++) {
    const rng = random(seed * 1_000_003 + i);
    const kind = rng.chance(0.75) ? 'query' : rng.chance(0.6) ? 'mutation' : 'subscription';
    const made = new Writer(schema, rng, { depth: 2 + rng.below(4), width: 2 + rng.below(4), values }).document(kind);
    if (made.text.length > 20_000) continue;
    if (i % 2 === 0) {
      yield { id: `made-${seed}-${i}`, rule: 'valid', ...made };
      continue;
    }
    const rule = rules[(i >> 1) % rules.length];
    const text = BREAKS[rule](new Breaker(made.text, rng));
    if (text) yield { id: `made-${seed}-${i}`, rule, text, variables: made.variables };
  }
}
