/* SPDX-License-Identifier: MIT
 *
 * The main program of linked trainers, in an object of its own: a program with a main of its own does not
 * pull it in. */
#include "gpfc/runtime.h"

int main(int argc, char **argv)
{
    return gpfc_trainer_main(&gpfc_bundle, argc, argv);
}
