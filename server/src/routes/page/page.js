'use strict';
(() => {
  const texts = {
    en: {
      tagline: 'Answers from your own documents: every sentence names its source.',
      question: 'Your question', index: 'Index', mode: 'Search', send: 'Ask', working: 'Looking it up…',
      answer: 'Answer', sources: 'Sources', lines: (a, b) => a === b ? `line ${a}` : `lines ${a}–${b}`,
      pages: (a, b) => a === b ? `page ${a}` : `pages ${a}–${b}`, slides: (a, b) => a === b ? `slide ${a}` : `slides ${a}–${b}`,
      rows: (a, b) => a === b ? `row ${a}` : `rows ${a}–${b}`,
      copies: 'The same in', confidence: 'Evidence', revision: 'revision', passage: 'Show the passage',
      weak: 'weakly supported', unsupported: 'no source', cited: 'Source',
      escalated: 'The documents do not hold enough to answer this question.',
      advice: 'Put it in other words, or ask somebody who knows. Nothing was made up.',
      embedder_unavailable: 'The embedding model does not answer at the moment, so words alone were searched: an answer in other words than the question may be missed.',
      embedder_changed: 'Another embedding model answers than this index was built with, so words alone were searched: an answer in other words than the question may be missed.',
      llm_unavailable: 'No language model answers at the moment, so the passages are quoted as they stand.',
      worded: (by) => `worded by ${by.model} (${by.backend})`,
      talk: 'This is no question about the documents.', talkAdvice: 'Ask what you would look up in them.',
      low_confidence: 'This answer is not certain: please check it against its sources.',
      failed: 'The server could not be reached. Is it still running?', unexpected: 'The server gave an answer that this page cannot read.',
      empty: 'Please write a question first.', tooLong: 'The question is too long: at most 4,096 bytes.', id: 'request',
      notReady: 'The index cannot answer yet.',
      about: 'HTTP interface: POST /query, described in ', starting: 'There is no index to answer from yet: it is being built, or could not be. GET /health says which.',
    },
    ko: {
      tagline: '우리 문서에서 찾은 답변입니다. 모든 문장에 출처가 있습니다.',
      question: '질문', index: '인덱스', mode: '검색 방식', send: '질문하기', working: '찾고 있습니다…',
      answer: '답변', sources: '출처', lines: (a, b) => a === b ? `${a}번째 줄` : `${a}–${b}번째 줄`,
      pages: (a, b) => a === b ? `${a}쪽` : `${a}–${b}쪽`, slides: (a, b) => a === b ? `슬라이드 ${a}` : `슬라이드 ${a}–${b}`,
      rows: (a, b) => a === b ? `${a}행` : `${a}–${b}행`,
      copies: '같은 내용', confidence: '근거 점수', revision: '리비전', passage: '본문 보기',
      weak: '근거 약함', unsupported: '근거 없음', cited: '출처',
      escalated: '이 질문에 답할 만한 근거를 문서에서 찾지 못했습니다.',
      advice: '다르게 물어보거나 담당자에게 문의해 주세요. 지어낸 내용은 없습니다.',
      embedder_unavailable: '임베딩 모델이 지금 응답하지 않아 단어로만 검색했습니다. 질문과 다른 표현으로 쓰인 답은 찾지 못할 수 있습니다.',
      embedder_changed: '이 인덱스를 만든 것과 다른 임베딩 모델이 응답하여 단어로만 검색했습니다. 질문과 다른 표현으로 쓰인 답은 찾지 못할 수 있습니다.',
      llm_unavailable: '언어 모델이 지금 응답하지 않아 본문을 그대로 인용했습니다.',
      worded: (by) => `작성: ${by.model} (${by.backend})`,
      talk: '문서에 관한 질문이 아닙니다.', talkAdvice: '문서에서 찾고 싶은 내용을 물어보세요.',
      low_confidence: '확실하지 않은 답변입니다. 출처를 확인해 주세요.',
      failed: '서버에 연결할 수 없습니다. 서버가 실행 중인지 확인해 주세요.', unexpected: '서버의 응답을 읽을 수 없습니다.',
      empty: '질문을 먼저 입력해 주세요.', tooLong: '질문이 너무 깁니다. 한글로 약 1,300자까지 쓸 수 있습니다.', id: '요청',
      notReady: '인덱스가 아직 답변할 수 없습니다.',
      about: 'HTTP 인터페이스: POST /query, 설명서는 ', starting: '아직 답변에 쓸 인덱스가 없습니다. 만드는 중이거나 만들지 못했습니다. GET /health에서 확인할 수 있습니다.',
    },
  };
  const language = (navigator.language || 'en').toLowerCase().startsWith('ko') ? 'ko' : 'en';
  const t = texts[language];
  const byId = (id) => document.getElementById(id);
  const result = byId('result');
  const state = byId('state');

  // Everything from the server enters the page as text, never as markup.
  function element(name, text, attributes = {}) {
    const node = document.createElement(name);
    if (text !== undefined && text !== null) node.textContent = text;
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  }

  function say(text, isError) {
    state.textContent = text;
    state.className = isError ? 'error' : '';
  }

  // Sentences are prose, list items, rows of a table under its header, or fenced code, each in Markdown.
  const item = /^\s*(?:[-*+•‣◦·○●■□▪]|(\d{1,3})[.)])\s+/;
  const fence = /^\s*(?:```|~~~)[^\n]*\n?|\n?\s*(?:```|~~~)\s*$/g;
  const isRule = (line) => line.includes('-') && /^[|\-: ]+$/.test(line);
  const cells = (line) => line.trim().replace(/^\||\|$/g, '').split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));

  function kind(text) {
    if (/^\s*\|/.test(text)) return 'table';
    if (/^\s*(```|~~~)/.test(text)) return 'code';
    const marked = item.exec(text);
    return marked ? (marked[1] ? 'ol' : 'ul') : 'prose';
  }

  // Inline code and emphasis without their marks; everything else as it is written.
  function inline(node, text) {
    for (const part of text.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*)/)) {
      if (/^`.+`$/.test(part)) node.append(element('code', part.slice(1, -1)));
      else if (/^\*\*.+\*\*$/.test(part)) node.append(element('strong', part.slice(2, -2)));
      else if (part) node.append(part);
    }
    return node;
  }

  function evidence(said) {
    const cites = element('span', null, { class: 'cites' });
    for (const id of new Set(said.citations.map((citation) => citation.source))) {
      cites.append(' ', element('a', `[${id}]`, { href: `#source-${id}`, 'aria-label': `${t.cited} ${id}` }));
    }
    if (said.support !== 'supported') cites.append(element('span', ` (${t[said.support] || said.support})`, { class: 'mark' }));
    return cites;
  }

  function row(name, texts, last) {
    const line = element('tr');
    line.append(...texts.map((text) => inline(element(name), text)), last);
    return line;
  }

  // Rows left out of a table are shown as a row of ellipses, so that some rows never look like all of them. A row that
  // stands alone was looked up.
  function closeTable(last) {
    if (last.is === 'table' && last.rows > 1 && last.row && last.row.number < last.row.of) last.into.append(gap(last.columns));
  }

  function gap(columns) {
    return row('td', Array(columns).fill('…'), element('td'));
  }

  // Items left out of a list: between two, before the first one said or behind the last one.
  function itemsBetween(last, said) {
    const [from, to] = [last && last.item, said && said.item];
    if (from && to && from.list === to.list) return to.number > from.number + 1;
    return Boolean((from && from.number < from.of) || (to && to.number > 1));
  }

  // Sentences of a paragraph left out behind the last one said.
  function closeParagraph(last, before, next) {
    const open = before && before.paragraph && before.paragraph.number < before.paragraph.of;
    if (open && last.is === 'prose' && (!next || (next.joint !== 'next' && next.joint !== 'gap') || !next.paragraph)) last.into.append('…');
  }

  // The list that an item belongs into: deeper items stand in a list within the item above them.
  function listFor(last, said, is) {
    const indent = /^ */.exec(said.text)[0].length;
    while (last.levels.length > 1 && last.levels[last.levels.length - 1].indent > indent) last.levels.pop();
    const level = last.levels[last.levels.length - 1];
    if (level.indent === undefined) level.indent = indent;
    if (indent > level.indent && level.entry) {
      const inner = element(is);
      level.entry.append(inner);
      last.levels.push({ indent, list: inner });
    }
    return last.levels[last.levels.length - 1];
  }

  // Sentences that belong together make one block under the heading they stand under: a paragraph, a list, or a table
  // under one header. What is left out between them is shown by an ellipsis.
  function blocks(sentences) {
    const made = [];
    let last = {};
    let section;
    let before;
    const leftOut = () => made.push(element('p', '…', { class: 'block gap' }));
    for (const said of sentences) {
      const newSection = before && said.section !== section;
      const is = kind(said.text);
      const lines = said.text.trim().split('\n');
      const rule = is === 'table' ? lines.findIndex(isRule) : -1;
      const header = rule > 0 ? lines[rule - 1] : '';
      const placed = is === 'table' && (last.row || said.row);
      const otherTable = placed && !(last.row && said.row && said.row.table === last.row.table && said.row.number > last.row.number);
      const newBlock = said.joint !== 'next' && said.joint !== 'gap';
      const otherParagraph = is === 'prose' && newBlock;
      const skipped = (!newSection && said.joint === 'block_gap') || itemsBetween(before, newSection ? null : said);
      const sameList = before && before.item && said.item && before.item.list === said.item.list;
      const isList = is === 'ol' || is === 'ul';
      const otherList = isList && (skipped || (before && (before.item || said.item) && !sameList));
      const otherKind = is !== last.is && !(isList && last.isList && sameList);
      if (is === 'prose' && last.entry && sameList && before.item.number === said.item.number && !newSection) {
        last.entry.append(said.joint === 'gap' ? ' … ' : ' ', inline(element('span'), said.text.trim()), evidence(said));
        before = said;
        continue;
      }
      if (!before || newSection || otherTable || otherParagraph || otherList || is === 'code' || otherKind || header !== last.header) {
        closeTable(last);
        closeParagraph(last, before, said);
        if (before && skipped) leftOut();
        if (said.section && (newSection || !before)) made.push(inline(element('h3', null, { class: 'section' }), said.section));
        if ((newSection || !before) && (said.joint === 'block_gap' || itemsBetween(null, said))) leftOut();
        else if (is === 'code' && said.joint === 'gap') leftOut();
        section = said.section;
        const outer = element({ prose: 'p', code: 'div', table: 'div' }[is] || is, null, { class: `block ${is}` });
        last = { is, isList, header, into: outer, rows: 0, levels: [{ list: outer }] };
        made.push(outer);
        if (is === 'table') {
          const table = element('table');
          last.into = element('tbody');
          if (header) {
            const head = element('thead');
            head.append(row('th', cells(header), element('th', t.sources)));
            table.append(head);
          }
          table.append(last.into);
          outer.append(table);
        }
      }
      if (is === 'table') {
        last.columns = cells(lines[lines.length - 1]).length;
        if (last.rows === 1 && last.row && last.row.number > 1) last.into.prepend(gap(last.columns));
        if (last.row && said.row.number > last.row.number + 1) last.into.append(gap(last.columns));
        last.row = said.row;
        last.rows += 1;
        for (const line of lines.slice(rule + 1)) {
          const cited = element('td');
          cited.append(evidence(said));
          last.into.append(row('td', cells(line), cited));
        }
      } else if (is === 'code') {
        last.into.append(element('pre', said.text.replace(fence, '')), evidence(said));
      } else if (is === 'prose') {
        if (said.joint === 'gap' || (newBlock && said.paragraph && said.paragraph.number > 1)) last.into.append('… ');
        last.into.append(inline(element('span'), said.text.trim()), evidence(said), ' ');
      } else {
        const number = item.exec(said.text)[1];
        const entry = inline(element('li', null, number ? { value: number } : {}), said.text.replace(item, '').trim());
        entry.append(evidence(said));
        const level = listFor(last, said, is);
        level.list.append(entry);
        level.entry = entry;
        last.entry = entry;
      }
      before = said;
    }
    closeTable(last);
    closeParagraph(last, before, null);
    if (itemsBetween(before, null)) leftOut();
    return made;
  }

  // The pages, slides or rows of a source that are quoted; those of its passage where a citation does not say.
  function quotedRanges(name, found, citations) {
    if (!found[name]) return [];
    const quoted = citations.map((citation) => citation.locator && citation.locator[name]);
    if (!quoted.length || quoted.some((range) => !range)) return [found[name]];
    const joined = [];
    for (const { first, last } of [...quoted].sort((a, b) => a.first - b.first || a.last - b.last)) {
      const before = joined[joined.length - 1];
      if (before && first <= before.last + 1) before.last = Math.max(before.last, last);
      else joined.push({ first, last });
    }
    return joined;
  }

  function source(found, sentences) {
    const item = element('li', null, { id: `source-${found.id}`, value: found.id });
    item.append(element('h3', [found.title, ...found.headings.filter((heading) => heading !== found.title)].join(' › ')));
    const citations = sentences.flatMap((said) => said.citations).filter((citation) => citation.source === found.id);
    const places = found.lines ? [t.lines(found.lines.first, found.lines.last)] : [];
    for (const name of ['pages', 'slides', 'rows']) {
      places.push(...quotedRanges(name, found, citations).map((range) => t[name](range.first, range.last)));
    }
    if (found.rows && found.rows.sheet) places.unshift(found.rows.sheet);
    const place = [found.path, ...places].join(', ');
    item.append(element('p', `${found.collection}: ${place}`, { class: 'small' }));
    const copies = found.copies || [];
    if (copies.length) item.append(element('p', `${t.copies}: ${copies.join(', ')}`, { class: 'small' }));
    for (const quote of new Set(citations.map((citation) => citation.quote))) item.append(element('blockquote', quote));
    const whole = element('details');
    whole.append(element('summary', t.passage), element('div', found.text, { class: 'passage' }));
    item.append(whole);
    return item;
  }

  function circumstances(body) {
    // Not a percentage: without a gold set of the index's own it is a rough probability.
    const parts = [`${t.confidence} ${body.confidence.toFixed(2)} (≥ ${body.confidence_cut.toFixed(2)})`, body.mode_used,
      `${body.index}, ${t.revision} ${body.revision}`, `${Math.round(body.timings_ms.total)} ms`, `${t.id} ${body.request_id}`];
    if (body.generated_by && body.status === 'answered') parts.unshift(t.worded(body.generated_by));
    return element('p', parts.join(' · '), { class: 'small' });
  }

  // What the answer lacks because something is down, or why to check it, above it: below, nobody would look for it.
  function degradations(body) {
    const reasons = body.degraded ? body.degraded_reasons : [];
    return reasons.concat(body.warnings || [])
      .map((reason) => element('p', t[reason] || reason, { class: 'degraded', role: 'status' }));
  }

  function show(body) {
    result.replaceChildren(...degradations(body));
    if (body.status === 'answered') {
      result.append(element('h2', t.answer), ...blocks(body.sentences));
      result.append(element('h2', t.sources));
      const sources = element('ol', null, { class: 'sources' });
      sources.append(...body.sources.map((found) => source(found, body.sentences)));
      result.append(sources);
    } else {
      const notice = element('div', null, { class: 'notice' });
      const talk = body.reason === 'small_talk';
      notice.append(element('h2', talk ? t.talk : t.escalated), element('p', talk ? t.talkAdvice : t.advice));
      result.append(notice);
    }
    result.append(circumstances(body));
    result.hidden = false;
    result.focus({ preventScroll: true });
  }

  async function ask(event) {
    event.preventDefault();
    const question = byId('question').value.trim();
    if (!question) return say(t.empty, true);
    // A Korean letter takes three bytes.
    if (new TextEncoder().encode(question).length > 4096) return say(t.tooLong, true);
    const request = { question, mode: byId('mode').value };
    if (!byId('index-field').hidden) request.index = byId('index').value;
    byId('send').disabled = true;
    result.hidden = true;
    say(t.working, false);
    try {
      const response = await fetch('query', {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(request),
      });
      const body = await response.json().catch(() => null);
      if (response.ok && body) { say('', false); show(body); }
      else if (body && body.error) say(body.error.code === 'index_not_ready' ? `${t.notReady} (${body.error.message})` : body.error.message, true);
      else say(t.unexpected, true);
    } catch (error) {
      say(t.failed, true);
    } finally {
      byId('send').disabled = false;
    }
  }

  async function listIndexes() {
    const health = await fetch('health').then((response) => response.json()).catch(() => null);
    const names = Object.keys((health && health.indexes) || {});
    byId('index').replaceChildren(...names.map((name) => element('option', name)));
    byId('index-field').hidden = names.length < 2;
    if (health && health.status === 'starting') say(t.starting, false);
  }

  document.documentElement.lang = language;
  byId('tagline').textContent = t.tagline;
  byId('question-label').textContent = t.question;
  byId('index-label').textContent = t.index;
  byId('mode-label').textContent = t.mode;
  byId('send').textContent = t.send;
  byId('about').append(t.about, element('a', '/openapi.json', { href: 'openapi.json' }));
  byId('ask').addEventListener('submit', ask);
  byId('question').addEventListener('keydown', (event) => {
    // While a Korean syllable is being composed, Enter belongs to the input method.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); byId('ask').requestSubmit(); }
  });
  listIndexes();
})();
