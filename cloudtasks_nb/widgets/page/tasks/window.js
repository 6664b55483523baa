// Computes which rows of a long table to draw, and where to scroll. (pure)

export const ROW_PX = 30;
const OVERSCAN = 8;
const UNMEASURED_PX = 420; // height before the table is laid out

/** The rows in view and a few around them: from `first` to before `last`. */
export function rowsInView(scrollTop, height, count) {
  const top = Math.min(Math.floor(scrollTop / ROW_PX), count);
  const bottom = Math.ceil((scrollTop + (height || UNMEASURED_PX)) / ROW_PX);
  return { first: Math.max(0, top - OVERSCAN), last: Math.min(count, bottom + OVERSCAN) };
}

/** The nearest scroll position that shows a row, below a head of height `headPx`. */
export function scrollTo(place, scrollTop, height, headPx) {
  const top = place * ROW_PX;
  const room = height - headPx - ROW_PX;
  if (top < scrollTop) return top;
  return top > scrollTop + room ? top - room : scrollTop;
}

/** The row that a key moves to; undefined for other keys. */
export function rowOf(key, current, count, height) {
  const page = Math.max(1, Math.floor(height / ROW_PX) - 2);
  const last = count - 1;
  const to = {
    ArrowDown: current + 1,
    ArrowUp: current - 1,
    PageDown: current + page,
    PageUp: current - page,
    Home: 0,
    End: last,
  }[key];
  return to === undefined ? undefined : Math.max(0, Math.min(last, to));
}
