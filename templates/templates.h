/* SPDX-License-Identifier: MIT
 *
 * The templates as texts within the compiler; embed.sh makes them from the files of this folder. */
#ifndef GPFC_TEMPLATES_H
#define GPFC_TEMPLATES_H

extern const char template_device_cuh_in[];
extern const char template_kernel_cu_in[];
extern const char template_kernels_c_in[];
extern const char template_library_h_in[];
extern const char template_library_c_in[];
extern const char template_kernel_abi_h[];

#endif
