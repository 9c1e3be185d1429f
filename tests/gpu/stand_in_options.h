/* SPDX-License-Identifier: MIT
 *
 * What the stand-ins shall be like, from the environment:
 *
 *     GPFC_STAND_IN=devices=1,driver=13000,nvrtc=13000,capability=90,memory=4294967296,order=1,check=1
 *     GPFC_STAND_IN=fail=NAME:NTH:CODE    the NTH call of the function NAME returns CODE
 *     GPFC_STAND_IN=lost=NTH              at the NTH launch the device is lost: that and all later calls fail
 *     GPFC_STAND_IN=counts=FILE           appends what each launch does to memory
 *
 * Versions are a thousand times the major one, as the driver gives them; a capability is 75, 80, 90, ... */
#ifndef GPFC_STAND_IN_OPTIONS_H
#define GPFC_STAND_IN_OPTIONS_H

#include <stdbool.h>

struct stand_in_options {
    long devices, driver, nvrtc, capability;
    long memory;   /* bytes of the device */
    long order;    /* seed of the order in which threads run; 0: by number */
    long check;    /* 0: no access to memory is looked at */
    long lost;     /* 0: never */
    char fail[64]; /* "": nothing */
    long fail_nth, fail_code;
    char counts[256]; /* "": none */
};

/* Read once, at the first call. An option that is not one ends the process: a test would test nothing. */
const struct stand_in_options *stand_in_options(void);

/* The code with which this call of the function `name` shall fail; 0: it shall not. */
int stand_in_failure(const char *name);

#endif
