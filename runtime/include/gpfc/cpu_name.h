/* SPDX-License-Identifier: MIT
 *
 * The name of the processor at hand, so that compiler and trainers name a model alike: "AMD EPYC 7B13
 * (25.1)", with family and model as numbers. */
#ifndef GPFC_CPU_NAME_H
#define GPFC_CPU_NAME_H

#include <stdio.h>
#include <string.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

enum { GPFC_CPU_NAME = 64 };

/* Single blanks, none at the ends; only printable ASCII. */
static inline void gpfc_cpu_name_tidy(char *name)
{
    size_t length = 0;
    for (const char *at = name; *at != '\0'; at++) {
        const char c = *at < ' ' || *at > '~' ? ' ' : *at;
        if (c != ' ' || (length > 0 && name[length - 1] != ' '))
            name[length++] = c;
    }
    if (length > 0 && name[length - 1] == ' ')
        length--;
    name[length] = '\0';
}

#if defined(__x86_64__) || defined(__i386__)
/* " (FAMILY.MODEL)" after what is there. */
static inline void gpfc_cpu_name_number(char *name)
{
    unsigned a, b, c, d;
    const size_t length = strlen(name);
    if (length == 0 || !__get_cpuid(1, &a, &b, &c, &d))
        return;
    const unsigned family = (a >> 8 & 15) + ((a >> 8 & 15) == 15 ? a >> 20 & 255 : 0);
    (void)snprintf(name + length, GPFC_CPU_NAME - length, " (%u.%u)", family,
                   (a >> 12 & 240) + (a >> 4 & 15));
}
#endif

/* "" if the processor does not report it. */
static inline void gpfc_cpu_name(char name[GPFC_CPU_NAME])
{
    memset(name, 0, GPFC_CPU_NAME);
#if defined(__x86_64__) || defined(__i386__)
    enum { FIRST = 0x80000002u - 0x80000000u, LAST = FIRST + 2 };
    for (unsigned i = FIRST; i <= LAST; i++) {
        unsigned words[4];
        if (!__get_cpuid(0x80000000u + i, &words[0], &words[1], &words[2], &words[3]))
            memset(words, 0, sizeof words);
        memcpy(name + (i - FIRST) * sizeof words, words, sizeof words);
    }
#else
    FILE *file = fopen("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1", "r");
    unsigned long long number;
    if (file && fscanf(file, "%llx", &number) == 1)
        (void)snprintf(name, GPFC_CPU_NAME, "MIDR %llx", number);
    if (file)
        (void)fclose(file);
#endif
    gpfc_cpu_name_tidy(name);
#if defined(__x86_64__) || defined(__i386__)
    gpfc_cpu_name_number(name);
#endif
}

#endif
