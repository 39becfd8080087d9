#!/usr/bin/env bash
# settings.sh - settings that change nothing are said; what their sizes cannot give is refused before anything is computed.
. "$(dirname "$0")/lib.sh"
dry() { expect 0 "$W2S" run micro.yaml "$@" --dry-run --runs r; }
# idle COUNT SETTING...: so many of the settings change nothing
idle() {
    local n=$1
    shift
    dry "$@"
    [ "$(grep -c 'changes nothing in this study' err)" = "$n" ] || { fail "$*: wanted $n settings that change nothing"; cat err; }
}

# What no method uses, what a side sets for itself, what the study has.
idle 1 focal.gamma=1
says err "warning: focal.gamma=1 changes nothing in this study: focal is none of its methods"
idle 0 focal.gamma=1 'methods=[naive, focal]'
idle 0 focal.gamma=1 'methods=[naive, early_stop]' early_stop.of=focal
idle 0 training.lr=1e-3 student='{layers: 4}'
idle 1 training.lr=1e-3
says err "training.lr=1e-3 changes nothing in this study: what holds is supervisor.lr and student.lr"
idle 1 training.epochs=2 supervisor.epochs=2 student.epochs=4 name=own
says err "warning: training.epochs=2 changes nothing"
idle 1 seeds=1
says err "seeds=1 changes nothing in this study: it is what it has without it"
idle 1 supervisor.layers=1 data.train=64
says err "supervisor.layers=1 changes nothing in this study: it is what it has without it"
idle 2 seeds=1 focal.gamma=1 seed.split=3
idle 0 name=own title=Own data.train=64 methods=naive
sed 's/^supervisor: .*/supervisor: {layers: 1}/; s/^student: .*/student: {layers: 4, learner: prompt, prompt: {shots: 1}}/; s/^methods: .*/methods: [naive]/' micro.yaml >asked.yaml
expect 0 "$W2S" run asked.yaml prompt.shots=0 --dry-run --runs r
says err "prompt.shots=0 changes nothing in this study: what holds is student.prompt.shots"
expect 0 "$W2S" run asked.yaml prompt.calibrate=true --dry-run --runs r
lacks err "changes nothing"
# It is said where labels are written, and by the one process that was asked, whatever computes.
expect 0 "$W2S" label micro.yaml focal.gamma=1 --examples --runs r
says err "focal.gamma=1 changes nothing in this study"
expect 0 "$W2S" run micro.yaml focal.gamma=1 name=many 'supervisor.layers=[1, 2]' --runs r --jobs 2
[ "$(grep -c 'changes nothing' err)" = 1 ] || fail "said more than once"
# A finding's own settings are its own business; those behind its name are said where no study of it is another for them.
cat >finding.yaml <<END
name: tried
title: Two tries
shape: All is as it is.
scales:
  laptop:
    studies:
      - {as: one, study: micro.yaml, set: {seeds: 1, methods: [naive]}}
      - {as: other, study: micro.yaml, set: {methods: [naive, focal], focal.gamma: 1}}
claims:
  - {say: students learn, value: student, where: {method: naive}, above: 0}
figure:
  - {title: Accuracy, label: accuracy, x: student_size, series: [{y: student}]}
END
expect 0 "$W2S" reproduce finding.yaml seeds=1 data.train=64 kl.temperature=3 --dry-run --runs r
says err "tried: kl.temperature=3 changes nothing in any of its studies"
says err "tried: seeds=1 changes nothing in any of its studies"
[ "$(grep -c 'changes nothing' err)" = 2 ] || { fail "other settings change nothing"; cat err; }
sed 's/^name: .*/name: apart/; s/, focal.gamma: 1//' finding.yaml >apart.yaml
expect 0 "$W2S" reproduce apart.yaml focal.gamma=1 --dry-run --runs r
lacks err "changes nothing"

# A share that is none of the examples, before supervisors and ceilings are trained for nothing.
few() {
    expect 2 "$W2S" run micro.yaml data.train=64 "$@" --runs none
    grep -v '^task toy' err >rest
    mv rest err
    one_sentence
}
for m in high_confidence dynamics human_labels human_labels_alone human_labels_supervisor active_labels trust; do
    few methods=$m $m.share=.001
    says err "$m.share is 0.001, and of the 64 examples of data.train that is none: wanted at least 0.0079"
done
few methods=trust trust.keep=.001
says err "trust.keep is 0.001, and of the 64 examples of data.train that is none: wanted at least 0.0079"
few methods=confident_learning confident_learning.folds=65
says err "confident_learning.folds is 65, and the examples of data.train are of 64 questions: wanted at most as many folds"
few methods=active_labels active_labels.by=disputed active_labels.folds=65
says err "active_labels.folds is 65, and the examples of data.train are of 64 questions: wanted at most as many folds"
expect 2 "$W2S" run micro.yaml data.train=1 methods=bootstrapping supervisor.layers=1 student.layers=4 'bootstrapping.through=[2]' --runs none
says err "bootstrapping.through: each of a chain's 2 models learns from a part of data.train, whose examples are of 1 question"
few 'methods=[early_stop]' early_stop.of=high_confidence high_confidence.share=.001
says err "high_confidence.share is 0.001"
few methods=dynamics dynamics.share=.0078 --dry-run
[ -n "$(ls none/jobs 2>/dev/null)" ] && fail "something was begun with a share that is none"
dry data.train=64 methods=high_confidence high_confidence.share=.0079
# No text has more neighbours than there are others.
dry data.train=64 methods=knn knn.k=64
says err "warning: knn.k is 64, and of the 64 examples of data.train each has 63 others: all of them are its neighbours"
dry data.train=64 methods=knn knn.k=63
lacks err "knn.k"
# A chain without a link is said for each pair that has one.
dry 'methods=[bootstrapping]' 'bootstrapping.through=[1]' 'supervisor.layers=[1, 2]' seeds=2
says err "warning: bootstrapping: no model of bootstrapping.through lies between $model/1 and $model/4: that student learns from its supervisor alone, as naive's does"
[ "$(grep -c 'bootstrapping: no model' err)" = 2 ] || { fail "chains without a link"; cat err; }
dry 'methods=[bootstrapping]' 'bootstrapping.through=[2]' 'supervisor.layers=[1, 2]'
[ "$(grep -c 'bootstrapping: no model' err)" = 1 ] || { fail "chains without a link"; cat err; }
says err "lies between $model/2 and $model/4"
dry 'methods=[bootstrapping]' 'bootstrapping.through=[]'
lacks err "bootstrapping: no model"
dry methods=trust
lacks err "trust: no model"
dry methods=trust 'trust.through=[1]'
says err "trust: no model of trust.through lies between $model/1 and $model/4: that student learns from its supervisor alone"
finish
