/* SPDX-License-Identifier: MIT
 *
 * How fake_kernels.h and fake_base_kernels.h describe their kernels: initialisers of ports, of kernels and of
 * what bundles have in common. FAKE(name), FAKE_REAL and FAKE_D are those of the place where they are
 * used. */
#ifndef GPFC_FAKE_PORTS_H
#define GPFC_FAKE_PORTS_H

#define PORT_0(text, kind)                                                                                   \
    {                                                                                                        \
        .name = text, .role = kind, .elements = 1, .rank = 0                                                 \
    }
#define PORT_1(text, kind, n)                                                                                \
    {                                                                                                        \
        .name = text, .role = kind, .elements = (n), .rank = 1, .shape = {(n) }                              \
    }
#define PORT_2(text, kind, n, m)                                                                             \
    {                                                                                                        \
        .name = text, .role = kind, .elements = (n) * (m), .rank = 2, .shape = {(n), (m) }                   \
    }
#define PORT_3(text, kind, n, m, l)                                                                          \
    {                                                                                                        \
        .name = text, .role = kind, .elements = (n) * (m) * (l), .rank = 3, .shape = {(n), (m), (l) }        \
    }

/* With as much memory as `uniform` and the sums `total` have, and room for `scratch` REALs. */
#define KERNEL_OF(text, inputs, n_inputs, outputs, n_outputs, uniform, scratch, total, prepare, each,        \
                  finish)                                                                                    \
    {                                                                                                        \
        .name = text, .n_in = (n_inputs), .n_out = (n_outputs), .in = FAKE(inputs), .out = FAKE(outputs),    \
        .uniform_bytes = sizeof(uniform), .scratch_bytes = (scratch) * sizeof(FAKE_REAL),                    \
        .sum_elements = sizeof(total) / sizeof(FAKE_REAL), .flop_per_sample = 1e6,                           \
        .useful_flop_per_sample = 8e5, .before = FAKE(prepare), .tile = FAKE(each), .after = (finish)        \
    }

#define COUNT_OF(array) ((int64_t)(sizeof(array) / sizeof *(array)))
#define BUNDLE_OF(all_parameters, all_kernels)                                                               \
    .abi_version = GPFC_ABI_VERSION, .name = "fake", .version = "test", .cpu = "generic", .features = "",    \
    .cpu_name = "", .toolchain = "none", .compiler = "", .spec_text = "name: fake\n", .dimension = FAKE_D,   \
    .precision = sizeof(FAKE_REAL), .lanes = FAKE_LANES, .n_parameters = COUNT_OF(FAKE(all_parameters)),     \
    .n_kernels = COUNT_OF(FAKE(all_kernels)), .parameters = FAKE(all_parameters),                            \
    .kernels = FAKE(all_kernels)

#endif
