# SPDX-License-Identifier: MIT
#
# Takes assembly text (AT&T for x86-64, or AArch64), gives a line for each innermost loop of each function:
# the function's name, instructions, those that multiply and add vectors, those that touch the stack, and
# those of them that save a vector register at its own place there or fetch it (arrays on the stack have an
# index). A loop is what lies between a label and a later jump back to it; it is innermost if no other lies
# within.
function is_innermost(i,   j)
{
    for (j = 1; j <= loops; j++)
        if (j != i && first[j] >= first[i] && last[j] <= last[i] && last[j] - first[j] < last[i] - first[i])
            return 0
    return 1
}
function tell(   i, line, products, stack, saved)
{
    for (i = 1; i <= loops; i++) {
        if (!is_innermost(i))
            continue
        products = stack = saved = 0
        for (line = first[i]; line <= last[i]; line++) {
            products += text[line] ~ /[\t ](vfn?m(add|sub)[0-9]*p[sd]|v?mulp[sd]|fml[as]|vdpbf16ps)[\t ]/
            stack += text[line] ~ /\(%rsp[,)]|\[sp[],]/
            saved += text[line] ~ /\(%rsp\).*%[xyz]mm|%[xyz]mm.*\(%rsp\)/ ||
                text[line] ~ /[\t ](ld|st)[a-z]+[\t ]+[dqsv][0-9].*\[sp[],]/
        }
        print name, last[i] - first[i], products, stack, saved
    }
    loops = 0
    split("", at)
}
/^[A-Za-z_][A-Za-z0-9_.]*:/ { name = $1; sub(/:.*/, "", name); loops = 0; split("", at) }
/^\.L[A-Za-z0-9_]+:/ { label = $1; sub(/:.*/, "", label); at[label] = NR }
{ text[NR] = $0 }
/^[\t ]+(j[a-z]+|b|b\.[a-z]+|cbn?z|tbn?z)[\t ]/ {
    if ($NF in at) {
        first[++loops] = at[$NF]
        last[loops] = NR
    }
}
/^[\t ]+\.size[\t ]/ { tell() }
