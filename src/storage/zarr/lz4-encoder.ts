/** Entries of the table of places by the hash of the four bytes there, 4 bytes each. */
const tableBits = 12
export const tableBytes = 4 * 2 ** tableBits

const place = (position: string): string =>
  `(i32.add (local.get $table) (i32.shl (i32.shr_u (i32.mul (i32.load ${position}) (i32.const 0x9e3779b1)) (i32.const ${32 - tableBits})) (i32.const 2)))`

/** Writes what is left of a length above 15 as bytes of 255 and a last one. */
const longLength = `(if (i32.ge_u (local.get $count) (i32.const 15)) (then
  (local.set $count (i32.sub (local.get $count) (i32.const 15)))
  (loop $more
    (if (i32.ge_u (local.get $count) (i32.const 255)) (then
      (i32.store8 (local.get $to) (i32.const 255))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $count (i32.sub (local.get $count) (i32.const 255)))
      (br $more))))
  (i32.store8 (local.get $to) (local.get $count))
  (local.set $to (i32.add (local.get $to) (i32.const 1)))))`

/** A token with the literals from $anchor to $literal behind it; nothing fits any more: 0 is given back. */
const literals = `(local.set $count (i32.sub (local.get $literal) (local.get $anchor)))
  (if (i32.gt_u (i32.add (i32.add (local.get $count) (i32.div_u (local.get $count) (i32.const 255))) (i32.const 16))
      (i32.sub (local.get $limit) (local.get $to))) (then (return (i32.const 0))))
  (local.set $token (local.get $to))
  (local.set $to (i32.add (local.get $to) (i32.const 1)))
  (i32.store8 (local.get $token) (i32.shl (select (i32.const 15) (local.get $count) (i32.gt_u (local.get $count) (i32.const 15))) (i32.const 4)))
  ${longLength}
  (local.set $count (i32.sub (local.get $literal) (local.get $anchor)))
  (memory.copy (local.get $to) (local.get $anchor) (local.get $count))
  (local.set $to (i32.add (local.get $to) (local.get $count)))`

/**
 * Encodes `length` bytes as an LZ4 block of at most `room` bytes; its length, or 0 where it has no room. Greedy: at each place the last
 * one with the same hash is tried; where nothing matches for long the steps grow, the sooner the greater `acceleration` is (1 or more).
 * The last five bytes are literals and no match begins in the last twelve, as the format wants.
 */
export const lz4EncoderText = `(func (export "lz4Encode") (param $from i32) (param $length i32) (param $to i32) (param $room i32) (param $table i32) (param $acceleration i32) (result i32)
(local $start i32) (local $limit i32) (local $at i32) (local $anchor i32) (local $literal i32) (local $count i32) (local $token i32)
(local $match i32) (local $last i32) (local $tries i32) (local $entry i32) (local $end i32)
(local.set $start (local.get $to))
(local.set $limit (i32.add (local.get $to) (local.get $room)))
(local.set $end (i32.add (local.get $from) (local.get $length)))
(local.set $last (i32.sub (local.get $end) (i32.const 12)))
(local.set $anchor (local.get $from))
(local.set $at (local.get $from))
(memory.fill (local.get $table) (i32.const 0) (i32.const ${tableBytes}))
(block $done
  (br_if $done (i32.lt_u (local.get $length) (i32.const 13)))
  (loop $next
    (local.set $tries (i32.shl (local.get $acceleration) (i32.const 6)))
    (block $found
      (loop $search
        (br_if $done (i32.gt_u (local.get $at) (local.get $last)))
        (local.set $entry ${place('(local.get $at)')})
        (local.set $match (i32.load (local.get $entry)))
        (i32.store (local.get $entry) (local.get $at))
        (if (i32.and (i32.ne (local.get $match) (i32.const 0)) (i32.lt_u (i32.sub (local.get $at) (local.get $match)) (i32.const 65536)))
          (then (br_if $found (i32.eq (i32.load (local.get $match)) (i32.load (local.get $at))))))
        (local.set $at (i32.add (local.get $at) (i32.shr_u (local.get $tries) (i32.const 6))))
        (local.set $tries (i32.add (local.get $tries) (i32.const 1)))
        (br $search)))
    (block $start_of_match
      (loop $back
        (br_if $start_of_match (i32.le_u (local.get $at) (local.get $anchor)))
        (br_if $start_of_match (i32.le_u (local.get $match) (local.get $from)))
        (br_if $start_of_match (i32.ne
          (i32.load8_u (i32.sub (local.get $at) (i32.const 1))) (i32.load8_u (i32.sub (local.get $match) (i32.const 1)))))
        (local.set $at (i32.sub (local.get $at) (i32.const 1)))
        (local.set $match (i32.sub (local.get $match) (i32.const 1)))
        (br $back)))
    (local.set $literal (local.get $at))
    ${literals}
    (i32.store16 (local.get $to) (i32.sub (local.get $at) (local.get $match)))
    (local.set $to (i32.add (local.get $to) (i32.const 2)))
    (local.set $at (i32.add (local.get $at) (i32.const 4)))
    (local.set $match (i32.add (local.get $match) (i32.const 4)))
    (block $end_of_match
      (loop $eight
        (br_if $end_of_match (i32.gt_u (local.get $at) (i32.sub (local.get $end) (i32.const 13))))
        (if (i64.eq (i64.load (local.get $at)) (i64.load (local.get $match))) (then
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (local.set $match (i32.add (local.get $match) (i32.const 8)))
          (br $eight)))))
    (block $end_of_match
      (loop $one
        (br_if $end_of_match (i32.ge_u (local.get $at) (i32.sub (local.get $end) (i32.const 5))))
        (br_if $end_of_match (i32.ne (i32.load8_u (local.get $at)) (i32.load8_u (local.get $match))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $match (i32.add (local.get $match) (i32.const 1)))
        (br $one)))
    (local.set $count (i32.sub (i32.sub (local.get $at) (local.get $literal)) (i32.const 4)))
    (if (i32.gt_u (i32.add (i32.div_u (local.get $count) (i32.const 255)) (i32.const 16)) (i32.sub (local.get $limit) (local.get $to)))
      (then (return (i32.const 0))))
    (i32.store8 (local.get $token) (i32.or (i32.load8_u (local.get $token))
      (select (i32.const 15) (local.get $count) (i32.gt_u (local.get $count) (i32.const 15)))))
    ${longLength}
    (local.set $anchor (local.get $at))
    (br_if $done (i32.gt_u (local.get $at) (local.get $last)))
    (i32.store ${place('(i32.sub (local.get $at) (i32.const 2))')} (i32.sub (local.get $at) (i32.const 2)))
    (br $next)))
(local.set $literal (local.get $end))
${literals}
(i32.sub (local.get $to) (local.get $start)))`
