# offsets.py - prints a C program that prints the layout of a folder of headers:
# size and members of each struct, values of constants.
#
#   offsets.py INCLUDE/fettle/*.h >x.c && cc -IINCLUDE x.c
#
# SPDX-License-Identifier: Apache-2.0
import os, re, sys

print("#include <stdio.h>")
body = []
for path in sys.argv[1:]:
    print('#include <fettle/%s>' % os.path.basename(path))
    text = open(path).read()
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    joined = re.sub(r"\\\n", " ", text)
    for name, value in re.findall(r"^# *define (FETTLE_[A-Z0-9_]+)[ \t]+(\S.*)$", joined, flags=re.M):
        if re.fullmatch(r"[-()0-9a-fxuUlL<>| *]+|\(?FETTLE_[A-Z_]+( \| FETTLE_[A-Z_]+)*\)?", value.strip()):
            body.append('  printf ("constant %s %%lld\\n", (long long) (%s));' % (name, name))
    for struct, members in re.findall(r"^struct (\w+) \{(.*?)^\};", text, flags=re.S | re.M):
        body.append('  printf ("size %s %%zu\\n", sizeof (struct %s));' % (struct, struct))
        for member in members.split(";"):
            member = " ".join(member.split())
            if not member:
                continue
            function = re.search(r"\(\*(\w+)\) \(", member)
            if function:
                names = [function.group(1)]
            else:
                first, *rest = member.split(",")
                names = [re.search(r"(\w+)(\[[^]]*\])?$", part.strip()).group(1) for part in [first] + rest]
            for name in names:
                body.append('  printf ("member %s.%s %%zu %%zu\\n", offsetof (struct %s, %s), sizeof (((struct %s *) 0)->%s));'
                            % (struct, name, struct, name, struct, name))
print("int\nmain (void)\n{")
print("\n".join(body))
print("  return 0;\n}")
