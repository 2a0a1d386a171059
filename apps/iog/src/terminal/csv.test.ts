// CSV keeps every text whole and runs none of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvLine } from './csv.ts';

test('cells are quoted where they must be, numbers stay numbers, formulas become texts', () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['a', 'b c', ''], 'a,b c,\r\n'],
    [['a,b', 'say "x"', 'two\nlines'], '"a,b","say ""x""","two\nlines"\r\n'],
    [['-1.500000', '12.00', '-3'], '-1.500000,12.00,-3\r\n'],
    [['=1+1', '+x', '-x', '@sum', '\tx', '-1-1'], "'=1+1,'+x,'-x,'@sum,'\tx,'-1-1\r\n"],
    [['=a,"b"'], '"\'=a,""b"""\r\n'],
  ];
  for (const [cells, line] of cases) assert.equal(csvLine(cells), line);
});
