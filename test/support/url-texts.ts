/** Random and mutated texts for everything that reads foreign text, drawn from a seed. */

/** Odd pieces, written between bars. */
const pieces = [
  'dubbo¦consumer¦empty¦://¦:/¦/¦//¦:¦::¦@¦?¦&¦&&¦=¦,¦ , ¦;¦|¦#¦!¦%¦%2¦%20¦%zz¦%e4%b8%ad¦%ED%A0%80¦%F0%9F%98%80¦%C3',
  '%+A¦%-1¦%-0¦+¦\\¦\\u¦\\u0041¦\\u00g0¦\\n¦\n¦\r¦\r\n¦\t¦\f¦\v¦ ¦\0¦\u00a0¦\ufeff¦中¦é¦\u0085¦\u2028¦😀¦\ud83d¦\ude00',
  '１¦٣¦Ａ¦ſ¦$¦${¦{¦}¦*¦-¦.¦0¦1¦-1¦+5¦20880¦2147483648¦99999999999999999999¦true¦a¦b¦com.acme.Orders¦group=g¦version=*',
  'interface=¦category=-routers¦default.¦default.group=g¦enabled=false¦backup=h2,h3:0¦user:p@¦:p@¦[::1]¦[fe80::1%en0]',
  '0.0.0.0¦127.0.0.1:2379¦k= v ¦__proto__',
].flatMap((line) => line.split('¦'));

const models = [
  'dubbo://10.0.0.1:20880/com.acme.Orders?anyhost=true&application=shop&group=g1&interface=com.acme.Orders&pid=7&version=1.0.0',
  'consumer://10.0.0.2/com.acme.Orders?category=providers,configurators,routers&check=false&side=consumer',
  'override://0.0.0.0/com.acme.Orders?category=configurators&dynamic=false&timeout=1000',
  'etcd3://user:secret@127.0.0.1:2379/org.apache.dubbo.registry.RegistryService?backup=127.0.0.2:2379,127.0.0.3',
  'dubbo%3A%2F%2F10.0.0.1%3A20880%2Fcom.acme.Orders%3Fside%3Dprovider%26methods%3Da%2Cb',
  '#Dubbo Registry Cache\n#Mon Mar 11\ng1/com.acme.Orders\\:1.0.0=empty\\://h/x?category\\=routers \\\n  dubbo\\://h\n',
  'dubbo.registry.address=etcd3://127.0.0.1:2379\ndubbo.application.name = shop\n! note\nk\\u0041 : v\\t\\u4e2d\n',
];

/** Mulberry32: numbers in [0, 1), the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An endless supply: one third made of odd pieces, one third of random units, one third real texts with changes. */
export function* foreignTexts(seed: number): Generator<string, never> {
  const random = seeded(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = (from: readonly string[]): string => from[below(from.length)] ?? '';
  const unit = (): string => String.fromCharCode(below(random() < 0.7 ? 0x80 : 0x1_0000));
  const repeated = (make: () => string, limit: number): string =>
    Array.from({ length: below(limit) }, make).join('');
  while (true) {
    yield repeated(() => pick(pieces), 16);
    yield repeated(unit, 40);
    let text = pick(models);
    for (let changes = below(4); changes >= 0; changes--) {
      const at = below(text.length + 1);
      text = text.slice(0, at) + (random() < 0.6 ? pick(pieces) : unit()) + text.slice(at + below(4));
    }
    yield text;
  }
}
