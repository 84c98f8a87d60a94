// The tools that ask for something first: link, picture, embed, related story, caption of a table.
import { ask } from './ask.js';
import { bring } from './bring.js';
import { schema } from './schema.js';
import { put } from './tools.js';

const { nodes, marks } = schema;
const fetched = async (address) => (await fetch(address, { headers: { Accept: 'application/json' } })).json();

export function asking(view, root, says) {
  const find = (name, words, field = 'q') => fetched(`${root.dataset.find.replace('NAME', name)}?${new URLSearchParams({ [field]: words })}`);
  const insert = (node) => { put(node)(view.state, view.dispatch); view.focus(); };

  async function embedded(address, title = '') {
    const known = await find('embed', address, 'address');
    if (known.provider) insert(nodes.embed.create({ provider: known.provider, address: known.address, title }));
    return Boolean(known.provider);
  }

  async function upload(file, alt = '') {
    says(`Bringing ${file.name}…`);
    const picture = await bring(root.dataset.pictures, root.closest('form'), file, alt);
    says(picture.error ?? '');
    return picture.error ? null : picture;
  }

  const shown = (picture) => insert(nodes.figure.create(
    { picture: String(picture.id), src: picture.src, width: String(picture.width), height: String(picture.height), alt: picture.alt, credit: picture.credit },
    picture.caption ? schema.text(picture.caption) : null,
  ));

  return {
    upload, shown, embedded,
    async link() {
      const { from, to, empty, $from } = view.state.selection;
      const current = marks.link.isInSet($from.marks()) ?? view.state.doc.nodeAt(from)?.marks.find((each) => each.type === marks.link);
      const check = async (address) => {
        const known = address ? await find('address', address, 'address') : {};
        return known.ours ? known.says : '';
      };
      const got = await ask('Link', [{ name: 'href', label: 'Address; empty takes the link away', value: current?.attrs.href, check }], 'Set');
      if (!got) return view.focus();
      const href = /^[\w.-]+\.[a-z]{2,}(\/|$)/i.test(got.href) ? `https://${got.href}` : got.href;
      const tr = view.state.tr;
      if (empty && href && !current) tr.insertText(href, from).addMark(from, from + href.length, marks.link.create({ href }));
      else {
        tr.removeMark(from, to, marks.link);
        if (href) tr.addMark(from, to, marks.link.create({ href }));
      }
      view.dispatch(tr);
      view.focus();
    },
    async picture() {
      const suggest = async (words) => (await find('pictures', words)).map((each) => ({ key: String(each.id), label: each.alt || each.name, src: each.small.replace(/^\/media\//, '/desk/media/') }));
      const got = await ask('Picture', [
        { name: 'file', label: 'A new file', files: true }, { name: 'alt', label: 'What it shows, for readers who cannot see it' },
        { name: 'number', label: 'Or find one in the library', suggest },
      ]);
      if (!got) return view.focus();
      if (got.file.length) {
        const picture = await upload(got.file[0], got.alt);
        if (picture) shown(picture);
      } else {
        const picture = (await find('pictures', '')).concat(await find('pictures', got.number)).find((each) => String(each.id) === got.number);
        if (picture) shown(picture);
      }
    },
    async embed() {
      const names = 'YouTube, Vimeo, X, Instagram, TikTok, Facebook, Bluesky, Mastodon, Spotify, SoundCloud, Datawrapper or a map';
      const got = await ask('Embed', [{ name: 'address', label: `Address, of ${names}`, required: true }, { name: 'title', label: 'What it is' }]);
      if (got && !(await embedded(got.address, got.title))) says('That address cannot be embedded. Link to it instead.');
      view.focus();
    },
    async related() {
      const suggest = async (words) => (await find('stories', words)).map((each) => ({ key: String(each.id), label: `${each.label} (${each.state}${each.day ? `, ${each.day}` : ''})` }));
      const got = await ask('Related story', [{ name: 'number', label: 'Words of its headline', required: true, suggest }]);
      if (!got || !/^\d+$/.test(got.number)) return view.focus();
      const [story] = await find('stories', got.number);
      if (story) insert(nodes.related.create({ key: String(story.id), label: story.label }));
    },
    async caption() {
      const { $from } = view.state.selection;
      for (let depth = $from.depth; depth > 0; depth--) {
        if ($from.node(depth).type !== nodes.table) continue;
        const got = await ask('Caption of the table', [{ name: 'caption', label: 'Caption', value: $from.node(depth).attrs.caption }], 'Set');
        if (got) view.dispatch(view.state.tr.setNodeAttribute($from.before(depth), 'caption', got.caption));
        return view.focus();
      }
    },
  };
}
